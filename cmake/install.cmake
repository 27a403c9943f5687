# What a battery's author gets: the headers, a pkg-config file and a CMake package.
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/executus")

# A port's header is installed once a shipped battery and a conformance suite use it.
install(DIRECTORY "${CMAKE_SOURCE_DIR}/include/executus" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
	FILES_MATCHING PATTERN "*.h")

# All paths are relative, so that 'cmake --install --prefix' may choose another place than was configured.
file(RELATIVE_PATH EXECUTUS_REL_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
file(RELATIVE_PATH EXECUTUS_REL_INCLUDE "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
file(RELATIVE_PATH EXECUTUS_REL_BATTERIES "${CMAKE_INSTALL_PREFIX}" "${EXECUTUS_BATTERY_DIR}")
configure_file("${CMAKE_SOURCE_DIR}/cmake/executus.pc.in" "${CMAKE_BINARY_DIR}/executus.pc" @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/executus.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

configure_package_config_file("${CMAKE_SOURCE_DIR}/cmake/executusConfig.cmake.in"
	"${CMAKE_BINARY_DIR}/executusConfig.cmake" INSTALL_DESTINATION "${package}"
	PATH_VARS CMAKE_INSTALL_INCLUDEDIR EXECUTUS_REL_BATTERIES)
# While the major ABI is 1 a later minor version of the headers serves an older battery's source.
write_basic_package_version_file("${CMAKE_BINARY_DIR}/executusConfigVersion.cmake"
	VERSION "${PROJECT_VERSION}" COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES "${CMAKE_BINARY_DIR}/executusConfig.cmake" "${CMAKE_BINARY_DIR}/executusConfigVersion.cmake"
	DESTINATION "${package}")
