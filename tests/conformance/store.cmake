# The stores that keep the contract of port/store.h.
add_test(NAME port_store_memory COMMAND port_store $<TARGET_FILE:store_memory>)
add_test(NAME port_store_lmdb COMMAND port_store $<TARGET_FILE:store_lmdb> "path={tmp}/state")
set_tests_properties(port_store_memory port_store_lmdb PROPERTIES TIMEOUT 300 LABELS conformance)
