# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# replay.sh - real runs are replayed from what is stored, a changed record shows where it was changed, another critic or budget is shown
# what happened, and two runs are told apart. Nothing of that is stored or asked of anybody.

conf() { # BATTERIES PORTS AGENT
	cat <<END
batteries:
  disk: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
$1
ports: { store: disk, checkpoint: journal$2 }
tiers: { fast: script/x }
run: { lease: 2s }
agents:
  a: { tools: [unsafe, pure, idempotent]$3 }
END
}
conf "" "" "" >conf.yaml
x() { # COMMAND ARGUMENT...
	verb=$1
	shift
	"$EXECUTUS" "$verb" -c conf.yaml -B "$TEST_BATTERIES" "$@"
}
newest() {
	x runs --json | jq -r '.[0].run'
}
two_steps() { # WORD
	cat >script.yaml <<END
turns:
  - calls: [ { tool: unsafe, args: { text: one } }, { tool: pure, args: { text: $1 } } ]
  - say: Done, $1.
END
}
facts_of() {
	x show --facts --json "$1"
}

# A run that went well, as text, as JSON, step by step; and nothing is written by it.
two_steps two
gives 0 x run "go"
ok=$(newest)
before=$(cksum "$XDG_STATE_HOME"/executus/disk/data.mdb)
: >effects.log
gives 0 x replay "$ok"
prints "$(facts_of "$ok" | jq length) facts, 2 steps: every decision is the same"
gives 0 x replay --json "$ok"
holds '.[0] | .same and .facts > 8 and .steps == 2 and .ended and .damage == "" and .next == "" and (has("divergence") | not)' out
gives 0 x replay --json --facts "$ok"
holds '.[0] | (.log | length) == .facts and (.log | map(select(.is == "same")) | length) == .decisions' out
gives 0 x replay --facts "$ok"
prints "same: turn with script/x, try 1"
prints "same: end: ok"
equal "" "$(cat effects.log)" "effects of a replay"
equal "$before" "$(cksum "$XDG_STATE_HOME"/executus/disk/data.mdb)" "the store after a replay"

# One that failed, and its retry; one that was cancelled by its limits.
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: unsafe, args: { text: one } } ]
  - fail: { text: it is broken, class: permanent }
END
gives 69 x run "go"
failed=$(newest)
gives 0 x replay "$failed"
two_steps two
gives 0 x resume --retry "$failed"
gives 0 x replay --json "$failed"
holds '.[0] | .same and .steps == 2' out

# One that was killed in the middle of a call, before and after it is resumed.
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: unsafe, args: { text: one, how: kill_after } }, { tool: idempotent, args: { text: two } } ]
  - say: Done, two.
END
rm -f effects.log.died
gives 137 x run "go"
killed=$(newest)
gives 0 x replay "$killed"
prints "it has not ended; planned is: wait for"
gives 0 x resume "$killed"
gives 0 x replay "$killed"
prints "every decision is the same"

# One that waits for a person.
conf "" "" ", in_doubt: park" >conf.yaml
rm -f effects.log.died
gives 137 x run "go"
parked=$(newest)
gives 8 x resume "$parked"
gives 0 x replay "$parked"
prints "it has not ended; planned is: nothing, the run is parked"
conf "" "" "" >conf.yaml

# A fork, and a fork with a question.
two_steps other
gives 0 x fork "$ok@1"
fork=$(newest)
gives 0 x replay "$fork"

# What cannot be replayed.
gives 1 x replay 01nosuchrun
says "there is no run '01nosuchrun'"
gives 2 x replay
gives 2 x replay --transcript "$ok"

STORE_ROW=$(dirname "$EXECUTUS")/tests/e2e/store_row

# A record that somebody changed who knew how: the sums are right, and only a replay finds it.
edit() { # RUN SEQ OLD NEW
	gives 0 "$STORE_ROW" conf.yaml "$BATTERIES" edit "b/journal/fact/$1/$(printf %016x "$2")" "$3" "$4"
}
seq_of() { # RUN KIND
	facts_of "$1" | jq "map(select(.kind == \"$2\"))[0].seq"
}
two_steps two
gives 0 x run "go"
changed=$(newest)
seq=$(seq_of "$changed" run_ended)
edit "$changed" "$seq" "Done, two." "Done, six."
gives 0 x store verify
gives 1 x replay "$changed"
prints "fact $seq is another one (step 2, attempt 1); the $((seq - 1)) before it are the same"
prints "planned   end: ok"
prints "recorded  run_ended: ok (reason or answer differ)"
edit "$changed" "$seq" "Done, six." "Done, two."
seq=$(seq_of "$changed" turn_started)
edit "$changed" "$seq" "script/x" "script/y"
gives 1 x replay --json "$changed"
holds ".[0] | (.same | not) and .divergence == {seq: $seq, step: 1, attempt: 1, planned: \"turn with script/x, try 1\", recorded: \"turn_started script/y\"}" out
gives 1 x replay --with conf.yaml "$changed"
says "conf.yaml was not asked: the run itself does not replay"
gives 1 x replay --facts "$changed"
prints "other: turn with script/x"

# Damage: what could be read, and where it ends; also when it is the last facts that are gone.
edit "$changed" "$seq" "script/y" "script/x"
gives 0 "$STORE_ROW" conf.yaml "$BATTERIES" flip "b/journal/fact/$changed/$(printf %016x "$(seq_of "$changed" turn_ended)")"
gives 73 x replay "$changed"
prints "every decision is the same so far"
says "run $changed is damaged behind fact"
gives 73 x replay --json "$changed"
holds '.[0] | (.same | not) and .facts > 1 and .damage != ""' out
gives 73 x diff --json "$ok" "$changed"
holds '.[0] | .b.damage != ""' out
gives 0 x run "go"
cut=$(newest)
gives 0 "$STORE_ROW" conf.yaml "$BATTERIES" del "b/journal/fact/$cut/$(printf %016x "$(seq_of "$cut" run_ended)")"
gives 73 x replay "$cut"
says "run $cut is damaged"

# ---- diff ----

# A run and itself; another run of the same question; a run that says something else; a fork and its base.
gives 0 x diff "$ok" "$ok"
prints "facts: both say the same"
two_steps two
gives 0 x run "go"
again=$(newest)
gives 0 x diff "$ok" "$again"
gives 0 x diff --json "$ok" "$again"
holds '.[0] | .same and .differ == "" and .fact_a == null and .output_same and .a.steps == .b.steps' out
two_steps three
gives 0 x run "go"
third=$(newest)
gives 1 x diff "$ok" "$third"
prints "they differ from here on (arguments):"
prints "another one"
gives 1 x diff --json "$ok" "$third"
holds '.[0] | (.same | not) and .differ == "arguments" and .fact_a.kind == "turn_ended" and .fact_b.step == 1 and (.output_same | not)' out
gives 1 x diff "$ok" "$fork"
prints "run $fork is a fork of $ok behind step 1, the other one here"
gives 1 x diff --json "$ok" "$fork"
holds '.[0] | .differ == "text" and .fact_a.step == 2 and .fact_b.step == 2 and .began == ""' out
gives 0 x run "go elsewhere"
gives 1 x diff --json "$third" "$(newest)"
holds '.[0] | .began == "input" and .differ == ""' out
gives 1 x diff "$ok" 01nosuchrun
says "there is no run '01nosuchrun'"
gives 2 x diff "$ok"

# The end of one that the other does not have.
gives 1 x diff --json "$ok" "$parked"
holds '.[0] | .b.status == "parked"' out

# ---- another critic, another budget, other limits ----

calls=
for text in again again again again again again again again; do
	calls="$calls
  - { delay: 300ms, calls: [ { tool: pure, args: { text: $text } } ], usage: { in: 1000, out: 100 } }"
done
cat >script.yaml <<END
turns: $calls
  - { say: Out at last., usage: { in: 1000, out: 100 } }
END
eye="  eye: { so: critic_stall.so, nothing_new: 0, ping_pong: 0"
cat >prices.json <<'END'
{ "prices": [ { "model": "script/*", "in": "10.00", "out": "100.00", "valid_from": "2020-01-01", "source": "a test",
  "source_date": "2020-01-01" } ] }
END
conf "" "" ", max_same_calls: 50" >conf.yaml
gives 0 x run "go"
calm=$(newest)

# The same configuration decides the same.
gives 0 x replay --with conf.yaml "$calm"
prints "critic -, budget -, agent a"
prints "it decides the same"

# A critic: it would have told and then killed the run.
conf "$eye }" ", critic: eye" ", max_same_calls: 50" >watched.yaml
gives 1 x replay --with watched.yaml --json "$calm"
holds '.[0] | .same and .with.critic == "eye" and .with.was == [] and .with.would[0].what == "nudge" and .with.would[0].tag == "same_call"' out
gives 1 x replay --with watched.yaml "$calm"
prints "critic: nudge (same_call)"
conf "${eye}, on_loop: [kill] }" ", critic: eye" ", max_same_calls: 50" >killing.yaml
gives 1 x replay --with killing.yaml --json "$calm"
holds '.[0] | .with.would == [.with.would[0]] and .with.would[0].what == "kill" and (.with.ends_at > 3) and .with.ends_at < .facts' out

# The record of a critic's run: its own configuration says the same, none of it says less, and the run would have gone on.
cp killing.yaml conf.yaml
gives 7 x run "go"
dead=$(newest)
gives 0 x replay --with killing.yaml "$dead"
conf "" "" ", max_same_calls: 50" >conf.yaml
gives 1 x replay --with conf.yaml --json "$dead"
holds '.[0] | .with.would == [] and .with.was[0].what == "kill" and .with.other_way.recorded == "run_ended: killed, killed"' out
cp watched.yaml conf.yaml
gives 0 x run "go"
told=$(newest)
gives 0 x replay --with watched.yaml "$told"
conf "" "" ", max_same_calls: 50" >conf.yaml

# Limits of the agent.
conf "" "" ", max_same_calls: 3" >strict.yaml
gives 1 x replay --with strict.yaml --json "$calm"
holds '.[0] | .with.other_way.planned == "end: error, tool_loop"' out
conf "" "" ", max_same_calls: 50, max_steps: 2" >short.yaml
gives 1 x replay --with short.yaml "$calm"
prints "planned   end: error, step_limit"
conf "" "" ", max_same_calls: 50, max_runtime: 1s" >quick.yaml
gives 1 x replay --with quick.yaml --json "$calm"
holds '.[0] | .with.would[0].what == "timeout" and .with.would[0].run_ms == 1001' out

# A budget: prices of its table, and a limit that is reached; its ledger is in memory and begins empty each time.
purse() { # LIMIT
	conf "  purse: { so: budget_ledger.so, prices: prices.json, limits: [ { scope: caller, unit: usd, per: day, max: $1 } ] }" \
		", budget: purse" ", max_same_calls: 50, max_tokens: 100"
}
purse 5 >rich.yaml
gives 0 x replay --with rich.yaml --json "$calm"
holds '.[0] | .with.cost_micro == 180000 and .with.recorded_micro == 0 and (.with.turns | length) == 9 and .with.turns[0].cost_micro == 20000' out
gives 0 x replay --with rich.yaml --facts "$calm"
prints "cost      \$0.180000 in 9 turns"
purse 0.05 >poor.yaml
for again in 1 2; do
	gives 1 x replay --with poor.yaml --json "$calm"
	holds '.[0] | .with.would[0].what == "denied" and .with.would[0].who == "budget" and (.with.turns | length) == 2' out
done
cp poor.yaml conf.yaml
gives 4 x run "go"
denied=$(newest)
gives 0 x replay --with poor.yaml "$denied"
gives 1 x replay --with rich.yaml --json "$denied"
holds '.[0] | .with.would == [] and .with.was[0].what == "denied" and (.with.other_way.planned | startswith("turn with"))' out
sed 's/"10.00"/"20.00"/; s/"100.00"/"200.00"/' prices.json >dear.json
sed 's/prices.json/dear.json/' rich.yaml >dear.yaml
gives 1 x replay --with dear.yaml --json "$denied"
holds '.[0] | .with.cost_micro == 2 * .with.recorded_micro and .with.recorded_micro == 20000 * (.with.turns | length)' out
gives 0 x budget --json
holds '.[0].limits[0].uses | length == 1' out

# A retry, a fork and a run that was killed are asked too.
for run in "$failed" "$killed" "$fork" "$parked"; do
	gives 0 x replay --with rich.yaml "$run"
done

# What does not work is said.
gives 3 x replay --with nothing.yaml "$calm"
sed 's/^  a: /  b: /' rich.yaml >other.yaml
gives 3 x replay --with other.yaml "$calm"
says "other.yaml has no agent 'a'"
sed 's/so: budget_ledger.so/so: nothing.so/' rich.yaml >other.yaml
gives 3 x replay --with other.yaml "$calm"
says "nothing.so"
