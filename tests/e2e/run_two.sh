# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# run_two.sh - several processes and one run; and ports that are swapped by a word.

conf() { # STORE DELIVERY
	cat <<END
batteries:
  disk: { so: store_lmdb.so }
  memory: { so: store_memory.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
  console: { so: delivery_stdout.so }
  folder: { so: delivery_file.so, dir: results, name: "{agent}.md" }
ports: { store: $1, checkpoint: journal, delivery: { result: $2 } }
tiers: { talk: script/talk, wait: script/wait, quick: script/quick }
run: { lease: 2s }
agents:
  talk: { tier: talk, tools: [keyed] }
  wait: { tier: wait }
  quick: { tier: quick, tools: [keyed], deliver: [result] }
END
}
conf disk console >conf.yaml
cat >script.yaml <<'END'
scripts:
  talk:
    - calls: [ { tool: keyed, args: { text: one } } ]
    - delay: 2500ms
      calls: [ { tool: keyed, args: { text: two } } ]
    - capture: [ { from: all, pattern: '^wrote .*', as: wrote, all: true, join: " and " } ]
      say: "I ${wrote}."
  wait:
    - delay: 60s
      say: Late.
  quick:
    - calls: [ { tool: keyed, args: { text: quick } } ]
    - say: "Result: ${result}"
END
command_line() {
	"$EXECUTUS" "$@" -c conf.yaml -B "$TEST_BATTERIES" </dev/null
}
# begun AGENT STEP: in the background, until that turn has begun. Its id is $run, its process $pid.
begun() {
	: >facts.jsonl
	"$EXECUTUS" run -c conf.yaml -B "$TEST_BATTERIES" --jsonl -a "$1" question >facts.jsonl 2>carrier.err </dev/null &
	pid=$!
	children="$children $pid"
	until_true 20 grep -q '"kind":"turn_started","step":'"$2" facts.jsonl
	run=$(sed -n '1s/.*"run":"\([^"]*\)".*/\1/p' facts.jsonl)
}

# ---- a run that is carried is left alone ----
begun talk 2
gives 75 command_line resume "$run"
prints_nothing
says "$run"
says_one_sentence
gives 0 command_line resume --all
prints_nothing
gives 0 command_line runs --open
prints "$run"

# ---- what another process says to it ----
gives 0 command_line steer "$run" "Leave the tests out."
says "noted"
prints_nothing
ends 0 "$pid"
holds '[.[] | select(.kind == "steered") | .body.text] == ["Leave the tests out."]' facts.jsonl
holds '[.[].seq] == [range(1; length + 1)] and .[-1].body.output == "I wrote one and wrote two."' facts.jsonl
gives 0 command_line show "$run" --transcript
prints "Leave the tests out."

begun wait 1
gives 0 command_line cancel "$run" "the wrong agent"
says "noted"
ends 5 "$pid"
holds '.[-1].body.status == "cancelled" and any(.[]; .kind == "run_cancelled" and (.body.text | contains("the wrong agent")))' facts.jsonl
gives 0 command_line show "$run"
prints "cancelled"

# It is over: nobody takes a message for it.
for word in cancel steer; do
	gives 1 command_line $word "$run" "too late"
	says "has ended"
	prints_nothing
done
for word in cancel steer show resume; do
	case $word in steer) text=x ;; *) text= ;; esac
	gives 1 command_line $word 01m7wfm5mrrsv47gfdpye8vrp1 $text
	says "01m7wfm5mrrsv47gfdpye8vrp1"
	says_one_sentence
	gives 1 command_line $word nonsense $text
	says "nonsense"
	says_one_sentence
done

# ---- a result is printed again, and nothing changes ----
: >effects.log
gives 0 command_line run -a quick question
run=$(command_line runs -n 1 --json | jq -r '.[0].run')
gives 0 command_line show "$run" --facts --json
cp "$WORK/out" before
for again in 1 2; do
	gives 0 command_line resume "$run"
	equal "Result: wrote quick" "$(cat "$WORK/out")" "the answer, time $again"
	gives 0 command_line resume "$run" --json
	cp "$WORK/out" one.json
	holds 'length == 1 and .[0].status == "ok" and .[0].output == "Result: wrote quick"' one.json
done
gives 0 command_line show "$run" --facts --json
cp "$WORK/out" after
gives 0 cmp after before
equal 1 "$(wc -l <effects.log)" "effects of a run that was asked for again"

# ---- a dead process: two come for its run at once ----
for race in 1 2 3; do
	: >effects.log
	begun talk 2
	kill -9 "$pid"
	wait "$pid" 2>/dev/null || :
	command_line resume "$run" >first.out 2>first.err &
	first=$!
	command_line resume "$run" >second.out 2>second.err &
	second=$!
	children="$children $first $second"
	a=0 b=0
	wait $first || a=$?
	wait $second || b=$?
	checks=$((checks + 1))
	case $a/$b in
	0/75) won=first lost=second ;;
	75/0) won=second lost=first ;;
	*) fail "race $race: both came to $a and $b: $(cat first.err second.err)" ;;
	esac
	equal "I wrote one and wrote two." "$(cat "$won.out")" "the answer of who won race $race"
	equal "" "$(cat "$lost.out")" "what the loser of race $race printed"
	gives 0 grep -q "$run" "$lost.err"
	equal "one two" "$(cut -d' ' -f3 effects.log | tr '\n' ' ' | sed 's/ $//')" "effects of race $race"
	command_line show "$run" --facts --json >whole.json
	holds 'add | ([.[].seq] == [range(1; length + 1)]) and (map(select(.kind == "run_resumed")) | length == 1)' whole.json
done

# A message to a run that nobody carries is read by who takes it up.
begun wait 1
kill -9 "$pid"
wait "$pid" 2>/dev/null || :
gives 0 command_line cancel "$run"
gives 5 command_line resume "$run"
prints_nothing

# A live process whose run another one would take: stopped for longer than its lease, it loses it and says so.
: >effects.log
begun talk 2
kill -STOP "$pid"
sleep 0.2
code=75 tries=0
while [ "$code" -eq 75 ] && [ $tries -lt 20 ]; do
	tries=$((tries + 1)) code=0
	command_line resume "$run" >"$WORK/out" 2>"$WORK/err" || code=$?
	[ "$code" -eq 0 ] || sleep 0.5
done
equal 0 "$code" "exit status of who takes a silent run over"
equal "I wrote one and wrote two." "$(cat "$WORK/out")" "the answer of who took over"
kill -CONT "$pid"
ends 75 "$pid"
equal "one two" "$(cut -d' ' -f3 effects.log | tr '\n' ' ' | sed 's/ $//')" "effects of a run that was taken over"
command_line show "$run" --facts --json >whole.json
holds 'add | ([.[].seq] == [range(1; length + 1)]) and .[-1].kind == "run_ended"' whole.json

# ---- ports, swapped by a word ----
for swap in "disk console" "memory console" "disk folder" "memory folder"; do
	# shellcheck disable=SC2086 # two words
	conf $swap >conf.yaml
	rm -rf results "$XDG_STATE_HOME"
	gives 0 command_line run -a quick question
	case $swap in
	*console) equal "Result: wrote quick" "$(cat "$WORK/out")" "delivered to the terminal ($swap)" ;;
	*) equal "Result: wrote quick" "$(cat results/quick.md)" "delivered to a file ($swap)" ;;
	esac
	gives 0 command_line runs --json
	case $swap in
	disk*) equal 1 "$(jq length "$WORK/out")" "stored runs ($swap)" ;;
	*)
		equal 0 "$(jq length "$WORK/out")" "stored runs ($swap)"
		is_absent "$XDG_STATE_HOME/executus/memory"
		;;
	esac
done

# ---- nothing is stored when nothing shall be ----
conf disk console >conf.yaml
rm -rf "$XDG_STATE_HOME"
gives 0 command_line run -a quick --durability none question
equal "Result: wrote quick" "$(cat "$WORK/out")" "the answer without durability"
gives 0 command_line runs --json
equal "[]" "$(cat "$WORK/out")" "stored runs"
if grep -q quick "$XDG_STATE_HOME/executus/disk/data.mdb"; then fail "something of it is stored"; fi
gives 0 command_line run -a quick --durability relaxed question
gives 0 command_line runs --json
equal 1 "$(jq length "$WORK/out")" "stored runs (relaxed)"
# With no port but a model, too.
grep -v '^ports:' conf.yaml | sed '/disk:/d; /memory:/d; /journal:/d; /console:/d; /folder:/d; s/, deliver: \[result\]//' >bare.yaml
rm -rf "$XDG_STATE_HOME"
gives 0 "$EXECUTUS" run -c bare.yaml -B "$TEST_BATTERIES" -a quick question
equal "Result: wrote quick" "$(cat "$WORK/out")" "the answer without any port"
is_absent "$XDG_STATE_HOME"
