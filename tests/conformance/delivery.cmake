# The deliveries that keep the contract of port/delivery.h.
add_test(NAME port_delivery_stdout COMMAND port_delivery $<TARGET_FILE:delivery_stdout>)
add_test(NAME port_delivery_stdout_json COMMAND port_delivery $<TARGET_FILE:delivery_stdout> format=json)
add_test(NAME port_delivery_file COMMAND port_delivery $<TARGET_FILE:delivery_file> "dir={tmp}/out")
add_test(NAME port_delivery_file_target COMMAND port_delivery $<TARGET_FILE:delivery_file> "dir={tmp}/out" format=json
	@target=reviews/last.json)
add_test(NAME port_delivery_webhook COMMAND port_delivery $<TARGET_FILE:delivery_webhook> "secret=a secret of some length"
	allow=127.0.0.1 @target=http://127.0.0.1:1/ @reached=no)
set_tests_properties(port_delivery_webhook port_delivery_stdout port_delivery_stdout_json port_delivery_file port_delivery_file_target
	PROPERTIES TIMEOUT 120 LABELS conformance)
