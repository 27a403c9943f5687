# The trails that keep the contract of port/audit.h.
add_test(NAME port_audit_jsonl COMMAND port_audit $<TARGET_FILE:audit_jsonl> "path={tmp}/trail.jsonl")
set_tests_properties(port_audit_jsonl PROPERTIES TIMEOUT 120 LABELS conformance)
