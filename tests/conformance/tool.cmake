# The tools that keep the contract of port/tool.h.
add_test(NAME port_tool_fs COMMAND port_tool $<TARGET_FILE:tool_fs> "root={tmp}")
add_test(NAME port_tool_fs_write COMMAND port_tool $<TARGET_FILE:tool_fs> "root={tmp}" write=true)
add_test(NAME port_tool_status COMMAND port_tool $<TARGET_FILE:tool_status>)
set_tests_properties(port_tool_fs port_tool_fs_write port_tool_status PROPERTIES TIMEOUT 120 LABELS conformance)
