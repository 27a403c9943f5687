# The models that keep the contract of port/model.h.
add_test(NAME port_model_script COMMAND port_model $<TARGET_FILE:model_script>
	"script=${CMAKE_CURRENT_SOURCE_DIR}/../scripts/conformance.yaml")
add_test(NAME port_model_openai COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/with_mock.sh $<TARGET_FILE:mock_chat>
	$<TARGET_FILE:port_model> $<TARGET_FILE:model_openai>)
add_test(NAME port_model_openai_responses COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/with_mock.sh $<TARGET_FILE:mock_chat>
	$<TARGET_FILE:port_model> $<TARGET_FILE:model_openai_responses>)
add_test(NAME port_model_anthropic COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/with_mock.sh $<TARGET_FILE:mock_chat>
	$<TARGET_FILE:port_model> $<TARGET_FILE:model_anthropic>)
add_test(NAME port_model_ollama COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/with_mock.sh $<TARGET_FILE:mock_chat>
	$<TARGET_FILE:port_model> $<TARGET_FILE:model_ollama>)
set_tests_properties(port_model_script port_model_openai port_model_openai_responses port_model_anthropic port_model_ollama
	PROPERTIES TIMEOUT 120 LABELS conformance)
