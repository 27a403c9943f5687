# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# budget.sh - what a budget says reaches the one who asks: refusals, their exit status, and 'executus budget'.

conf() { # OPTIONS PORTS
	cat <<END
batteries:
  disk: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  purse: { so: budget.so, log: purse.log$1 }
ports: { store: disk, checkpoint: journal$2 }
tiers: { fast: script/x }
agents: { a: {} }
END
}
cat >script.yaml <<'END'
turns:
  - say: Done.
    usage: { in: 30, out: 3 }
END
x() { # COMMAND ARGUMENT...
	verb=$1
	shift
	"$EXECUTUS" "$verb" -c conf.yaml -B "$BATTERIES" -B "$TEST_BATTERIES" "$@"
}

# What it cost is in the result.
conf ", price: 7" ", budget: purse" >conf.yaml
gives 0 x run --json "go"
[ "$(jq .usage.cost_micro out)" -eq 231 ] || fail "the price is not in the result"

# A refusal at the gate says why, and leaves no run.
conf ", deny_check: true" ", budget: purse" >conf.yaml
gives 4 x run --caller alice "go"
grep -q "'alice' has nothing left this week" err || fail "nobody knows why"
gives 0 x runs --json
[ "$(jq length out)" -eq 1 ] || fail "the refused run left something"

# A refusal later keeps the run.
conf ", deny_at: 1" ", budget: purse" >conf.yaml
gives 4 x run "go"
gives 0 x runs --status denied --json
[ "$(jq length out)" -eq 1 ] || fail "the run that was refused a turn is gone"

# What there is.
conf "" ", budget: purse" >conf.yaml
gives 0 x budget --caller alice --json
[ "$(jq -r .caller out)" = alice ] || fail "it was asked for somebody else"
conf ", fail: explain" ", budget: purse" >conf.yaml
gives 73 x budget
grep -q "the purse is stuck" err || fail "its sentence is lost"
conf "" "" >conf.yaml
gives 3 x budget
grep -q "binds no budget" err || fail "it does not say what to bind"
