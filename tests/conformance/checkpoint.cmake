# The checkpoints that keep the contract of port/checkpoint.h.
add_test(NAME port_checkpoint_journal COMMAND port_checkpoint $<TARGET_FILE:checkpoint_journal>)
set_tests_properties(port_checkpoint_journal PROPERTIES TIMEOUT 300 LABELS conformance)
