# The critics that keep the contract of port/critic.h.
add_test(NAME port_critic_stall COMMAND port_critic $<TARGET_FILE:critic_stall>)
add_test(NAME port_critic_stall_short COMMAND port_critic $<TARGET_FILE:critic_stall> idle=20 backstop=2)
set_tests_properties(port_critic_stall port_critic_stall_short PROPERTIES TIMEOUT 120 LABELS conformance)
