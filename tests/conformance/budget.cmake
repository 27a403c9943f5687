# The budgets that keep the contract of port/budget.h. Each has room for four turns of 250 tokens at once.
add_test(NAME port_budget_ledger COMMAND port_budget $<TARGET_FILE:budget_ledger>
	"limits=[{\"scope\":\"caller\",\"unit\":\"tokens\",\"max\":\"1000\",\"per\":\"7d\"},{\"scope\":\"all\",\"unit\":\"calls\",\"max\":\"99\",\"per\":\"day\"}]")
add_test(NAME port_budget_ledger_grace COMMAND port_budget $<TARGET_FILE:budget_ledger>
	"limits=[{\"scope\":\"all\",\"unit\":\"tokens_in\",\"max\":\"1000\",\"per\":\"ever\",\"soft\":\"50%\"},{\"scope\":\"run\",\"unit\":\"turns\",\"max\":\"1\",\"grace\":\"true\"}]")
add_test(NAME port_budget_ledger_run COMMAND port_budget $<TARGET_FILE:budget_ledger>
	"limits=[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"1000\"}]" @own=yes)
# This one says what a test wants to hear about prices and dead attempts.
add_test(NAME port_budget_test COMMAND port_budget $<TARGET_FILE:test_budget> "log={tmp}/purse.log" bound=4 give_back=true @rough=yes)
set_tests_properties(port_budget_ledger port_budget_ledger_grace port_budget_ledger_run port_budget_test
	PROPERTIES TIMEOUT 60 LABELS conformance)
