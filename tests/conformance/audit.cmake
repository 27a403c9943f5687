# The trails that keep the contract of port/audit.h.
add_test(NAME port_audit_jsonl COMMAND port_audit $<TARGET_FILE:audit_jsonl> "path={tmp}/trail.jsonl")
add_test(NAME port_audit_store COMMAND port_audit $<TARGET_FILE:audit_store>)
set_tests_properties(port_audit_jsonl port_audit_store PROPERTIES TIMEOUT 120 LABELS conformance)
