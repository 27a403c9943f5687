# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# run_output.sh - what a run prints where, in every form, and the exit status of every end.

cat >conf.yaml <<'END'
batteries:
  store: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
  nobody: { so: model_openai.so, base_url: "http://127.0.0.1:1/v1", retries: 0 }
  console: { so: delivery_stdout.so }
ports: { store: store, checkpoint: journal, delivery: { stdout: console } }
tiers:
  fast: script/plain
  slow: script/slow
  fails: script/fails
  hangs: script/hangs
  loops: script/loops
  same: script/same
  doubts: script/doubts
  nobody: nobody/any
agents:
  plain: { tools: [pure, keyed] }
  local: { tools: [pure, keyed], deliver: [stdout] }
  slow: { tier: slow, tools: [keyed] }
  fails: { tier: fails }
  hangs: { tier: hangs, max_runtime: 300ms }
  waits: { tier: hangs }
  loops: { tier: loops, tools: [pure], max_steps: 2 }
  same: { tier: same, tools: [pure] }
  nobody: { tier: nobody }
  doubts: { tier: doubts, tools: [unsafe], in_doubt: park }
END
cat >script.yaml <<'END'
scripts:
  plain:
    - calls: [ { tool: pure, args: { text: a } }, { tool: keyed, args: { text: b } } ]
    - say: "Done: ${result:1} \e[31mred\e[0m \u00fc"
  slow:
    - calls: [ { tool: keyed, args: { text: before } } ]
      delay: 500ms
    - say: And then.
      delay: 1500ms
      calls: [ { tool: keyed, args: { text: after } } ]
    - say: "Last: ${result}"
  fails:
    - fail: { class: permanent, text: it is broken }
  hangs:
    - stall: forever
  loops:
    - calls: [ { tool: pure, args: { text: first } } ]
    - calls: [ { tool: pure, args: { text: second } } ]
      repeat: true
  same:
    - calls: [ { tool: pure, args: { text: same } } ]
      repeat: true
  doubts:
    - calls: [ { tool: unsafe, args: { text: once, how: kill_after } } ]
    - say: "Told: ${result}"
END
answer=$(printf 'Done: wrote b \033[31mred\033[0m \303\274')
ask() {
	wanted_status=$1 agent=$2
	shift 2
	gives "$wanted_status" "$EXECUTUS" run -c conf.yaml -B "$TEST_BATTERIES" -a "$agent" "$@" question
}
command_line() {
	"$EXECUTUS" "$@" -c conf.yaml -B "$TEST_BATTERIES" </dev/null
}
# says_nothing: standard error stayed empty. plain_bytes FILE: no colour, no drawing in it.
says_nothing() {
	checks=$((checks + 1))
	[ ! -s "$WORK/err" ] || fail "says something"
}
plain_bytes() {
	checks=$((checks + 1))
	if grep -q "$(printf '[\033\r]')" "$1"; then fail "$1 has an escape sequence"; fi
}

# ---- forms ----
# TERM would allow it, but none of both is a terminal.
export TERM=xterm
for agent in plain local; do
	ask 0 $agent
	equal "$answer" "$(cat "$WORK/out")" "the answer as text"
	says_nothing
done
ask 0 plain --json
says_nothing
plain_bytes "$WORK/out"
equal 1 "$(wc -l <"$WORK/out")" "lines of --json"
cp "$WORK/out" one.json
holds 'length == 1 and (.[0] | (keys_unsorted == ["run", "status", "reason", "output", "error", "steps", "calls", "usage", "run_ms", "attempt"])
	and .status == "ok" and .reason == "" and .error == "" and .steps == 2 and .calls == 2 and .attempt == 1
	and .usage.in_tokens > 0 and .usage.out_tokens > 0 and (.run | length) == 26)' one.json
equal "$answer" "$(jq -r .output one.json)" "the answer in --json"
ask 0 local --json
cp "$WORK/out" one.json
holds 'length == 1 and .[0].status == "ok"' one.json

whole_list() { # FILE: facts 1..N of one run, one a line, each JSON; the last is its end.
	jq -R -c fromjson "$1" >lines.json || fail "a line of $1 is no JSON"
	equal "$(wc -l <"$1")" "$(wc -l <lines.json)" "lines of $1"
	holds '[.[].seq] == [range(1; length + 1)] and ([.[].run] | unique | length) == 1
		and .[0].kind == "run_started" and .[-1].kind == "run_ended"
		and all(.[]; has("at") and has("run_ms") and has("step") and has("attempt") and (.body | type == "object"))' lines.json
}
for agent in plain local; do
	ask 0 $agent --jsonl
	says_nothing
	plain_bytes "$WORK/out"
	cp "$WORK/out" facts.jsonl
	whole_list facts.jsonl
	holds '[.[] | select(.kind == "call_ended")] | length == 2' facts.jsonl
done
# What is stored is what was printed.
run=$(jq -r -s '.[0].run' facts.jsonl)
gives 0 command_line show --facts --json "$run"
jq -c '.[]' "$WORK/out" >stored.jsonl
jq -c . facts.jsonl >printed.jsonl
gives 0 cmp stored.jsonl printed.jsonl
gives 0 command_line show "$run" --transcript
prints "--- user"
prints '> keyed {"text":"b"}'
prints "< keyed: ok"
gives 0 command_line show "$run" --transcript --json
cp "$WORK/out" talk.json
holds '.[0].messages | map(.role) == ["user", "assistant", "tool", "assistant"]' talk.json
gives 0 command_line runs --json --limit 2
cp "$WORK/out" runs.json
holds '.[0] | length == 2 and all(.[]; .status == "ok")' runs.json

# ---- on a terminal ----
typed() {
	script -qec "$*" /dev/null >"$WORK/out" 2>"$WORK/err" </dev/null
}
code=0
typed "$EXECUTUS run -c conf.yaml -B $TEST_BATTERIES -a slow question" || code=$?
equal 0 "$code" "exit status on a terminal"
erase=$(printf '\r\033\\[K')
prints "step 1 "
prints "step 2 "
checks=$((checks + 1))
# Each drawing erases the one before, and the answer the last one.
grep -q "${erase}step 2 .*${erase}Last: wrote after" "$WORK/out" || fail "the line was not drawn, or not erased"
for quiet in "TERM=dumb $EXECUTUS run" "NO_COLOR=1 $EXECUTUS run" "$EXECUTUS run -q"; do
	typed "$quiet -c conf.yaml -B $TEST_BATTERIES -a slow question"
	checks=$((checks + 1))
	if grep -q "$erase" "$WORK/out"; then fail "draws although asked not to: $quiet"; fi
done
# What a model says cannot steer the terminal.
typed "$EXECUTUS run -c conf.yaml -B $TEST_BATTERIES -a plain question"
checks=$((checks + 1))
if grep -qF "$(printf '\033[31m')" "$WORK/out"; then fail "an escape sequence reached the terminal"; fi
prints "wrote b"

# ---- every end ----
ask 69 fails
says "it is broken"
prints_nothing
ask 6 hangs
says "timeout"
prints_nothing
ask 1 loops
says "2 steps"
ask 1 same
says "same"
ask 69 nobody
says "127.0.0.1"
prints_nothing
for agent in fails hangs loops same nobody; do
	case $agent in hangs) code=6 ;; fails | nobody) code=69 ;; *) code=1 ;; esac
	ask "$code" "$agent" --json
	cp "$WORK/out" one.json
	holds 'length == 1 and .[0].status != "ok" and .[0].reason != "" and .[0].error != ""' one.json
	ask "$code" "$agent" --jsonl
	cp "$WORK/out" facts.jsonl
	whole_list facts.jsonl
done
ask 2 plain --deliver nowhere:x
prints_nothing
ask 2 plian
says "did you mean 'plain'?"
prints_nothing
gives 3 "$EXECUTUS" run -c conf.yaml -a plain question
says "effects.so"
prints_nothing

# ---- signals ----
# begun AGENT OPTION...: in the background, until its first turn has begun. Its facts go to facts.jsonl, its id is $run.
begun() {
	: >facts.jsonl # else those of the run before may answer for it
	"$EXECUTUS" run -c conf.yaml -B "$TEST_BATTERIES" --jsonl -a "$@" question >facts.jsonl 2>"$WORK/err" </dev/null &
	pid=$!
	children="$children $pid"
	until_true 20 grep -q '"kind":"turn_started","step":'"$at_step" facts.jsonl
	run=$(sed -n '1s/.*"run":"\([^"]*\)".*/\1/p' facts.jsonl)
}
at_step=1
begun waits
kill -INT "$pid"
ends 5 "$pid"
whole_list facts.jsonl
holds '.[-1].body.status == "cancelled"' facts.jsonl
begun waits
kill -INT "$pid"
sleep 0.1
kill -INT "$pid" 2>/dev/null || :
code=0
wait "$pid" || code=$?
case $code in 5 | 130) ;; *) fail "twice interrupted: $code" ;; esac

for signal in TERM HUP; do
	rm -f effects.log
	at_step=2
	begun slow
	kill -$signal "$pid"
	ends 75 "$pid"
	says "executus resume $run"
	gives 0 command_line runs --open
	prints "$run"
	gives 0 command_line resume "$run"
	equal "Last: wrote after" "$(cat "$WORK/out")" "the answer after SIG$signal"
	equal "before after" "$(cut -d' ' -f3 effects.log | tr '\n' ' ' | sed 's/ $//')" "what was done"
	gives 0 command_line runs --open --json
	equal "[]" "$(cat "$WORK/out")" "open runs"
done

# ---- a call in doubt waits for a person ----
rm -f effects.log effects.log.died
code=0
command_line run -a doubts question >"$WORK/out" 2>"$WORK/err" || code=$?
equal 137 "$code" "exit status of a process that was killed"
gives 8 command_line resume --all
prints_nothing
says "what was sent, and how to settle it: executus show"
run=$(command_line runs --json | jq -r '.[0].run')
gives 8 command_line resume "$run" --json
cp "$WORK/out" one.json
holds 'length == 1 and .[0].status == "parked" and .[0].reason == "in_doubt"' one.json
equal 1 "$(wc -l <effects.log)" "effects of a call in doubt"

# ---- an answer that nobody got is no success ----
for form in "-a local" "-a plain" "--json" "--jsonl"; do
	code=0
	# shellcheck disable=SC2086 # an option and its value
	command_line run $form question >/dev/full 2>"$WORK/err" || code=$?
	equal 73 "$code" "exit status of 'run $form >/dev/full'"
	says "standard output"
done
