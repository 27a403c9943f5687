# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# settle.sh - a call whose process died behind it is settled by a person: done, not done, or run again, each exactly as said, whatever
# is killed in between.

conf() { # IN_DOUBT
	cat >conf.yaml <<END
batteries:
  disk: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  trail: { so: audit_store.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
ports: { store: disk, checkpoint: journal, audit: [trail] }
tiers: { fast: script/x }
run: { lease: 2s, redact: ['secret-[a-z]+'] }
agents: { a: { tools: [unsafe, keyed, pure], in_doubt: $1 } }
END
}
x() { # COMMAND ARGUMENT...
	verb=$1
	shift
	"$EXECUTUS" "$verb" -c conf.yaml -B "$TEST_BATTERIES" "$@"
}
effects() {
	cut -d' ' -f3 effects.log | tr '\n' ' ' | sed 's/ $//'
}
# dies: a run that was killed behind its unsafe call; its id is in $run.
dies() {
	rm -rf "$XDG_STATE_HOME" effects.log effects.log.died
	gives 137 x run "go"
	run=$(x runs --json | jq -r '.[0].run')
	equal "one-secret-word" "$(effects)" "effects of the run that died"
}
parks() {
	dies
	gives 8 x resume "$run"
	says "call 1.0 (unsafe) was started before a crash and nobody knows whether it happened"
	says "executus settle RUN 1.0 done|not-done|retry"
}
result() { # what the model was told of call 1.0
	x show --transcript --json "$run" | jq -r '.messages[2].results[0] | "\(.status) \(.content)"'
}
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: unsafe, args: { text: one-secret-word, how: kill_after } } ]
  - say: Done.
END

# Parked, it says what was sent, when, and under which key, and how to go on.
conf park
parks
gives 0 x show "$run"
grep -q "^in doubt  1\.0 unsafe, started 20[0-9TZ:-]*, key [0-9a-f]*$" out || fail "no evidence: $(cat out)"
grep -q "executus settle $run 1\.0 done|not-done|retry$" out || fail "no way on: $(cat out)"
! grep -q "secret-word" out || fail "a secret is shown"
gives 0 x show --json "$run"
holds '.[0] | .status == "parked" and (.in_doubt | length == 1) and (.in_doubt[0] | .call == "1.0" and .tool == "unsafe" and .effect == "unsafe" and .tries == 1 and (.key | length == 32) and .started_ms > 0 and (.arguments | test("kill_after")))' out

# Resumed without a word it parks again. Each word does what it says.
gives 8 x resume "$run"
gives 0 x settle "$run" 1.0 'done' "Ticket 4711 is open."
says "call 1.0: noted as done; 'executus resume $run' goes on with it"
gives 0 x resume "$run"
equal "Done." "$(cat out)" "the answer"
equal "ok Ticket 4711 is open." "$(result)" "what the model heard"
equal 1 "$(wc -l <effects.log)" "effects"
gives 0 x show --facts --json "$run"
holds '.[0] | map(select(.kind == "call_settled")) | length == 1 and (.[0] | .call == "1.0" and .body.word == "done" and (.body.who | test("^uid [0-9]+$")))' out
gives 0 x show --json "$run"
holds '.[0] | .in_doubt == []' out
gives 0 x audit verify
gives 0 x store verify

parks
gives 0 x settle "$run" 1.0 not-done
gives 0 x resume "$run"
equal "error A person looked and says that this call was not done." "$(result)" "what the model heard"
equal 1 "$(wc -l <effects.log)" "effects"

parks
gives 0 x settle "$run" 1.0 retry
gives 0 x resume "$run"
equal "ok wrote one-[redacted]" "$(result)" "what the model heard"
equal 2 "$(wc -l <effects.log)" "effects"
equal 1 "$(cut -d' ' -f2 effects.log | sort -u | wc -l)" "keys of the two tries"

# The last word before the resume counts.
parks
gives 0 x settle "$run" 1.0 retry
gives 0 x settle "$run" 1.0 'done' "No, it is there."
gives 0 x resume "$run"
equal "ok No, it is there." "$(result)" "what the model heard"
equal 1 "$(wc -l <effects.log)" "effects"

# Before the first resume as well, and also where the model would be told.
conf tell
dies
gives 0 x settle "$run" 1.0 'done'
gives 0 x resume "$run"
equal "ok A person looked and says that this call was done." "$(result)" "what the model heard"
dies
gives 0 x resume "$run"
equal "in_doubt" "$(result | cut -d' ' -f1)" "what the model heard without a word"

# Two of them, one by one.
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: unsafe, args: { text: a, how: slow } }, { tool: unsafe, args: { text: one-secret-word, how: kill_after } } ]
  - say: Done.
END
conf park
rm -rf "$XDG_STATE_HOME" effects.log effects.log.died
gives 137 x run "go"
run=$(x runs --json | jq -r '.[0].run')
gives 8 x resume "$run"
says "calls 1.0 (unsafe), 1.1 (unsafe) were started before a crash"
gives 0 x settle "$run" 1.1 'done' second
gives 8 x resume "$run"
says "call 1.0 (unsafe) was started before a crash"
gives 0 x settle "$run" 1.0 not-done first
gives 0 x resume "$run"
equal "error first" "$(result)" "what the model heard of the first"
equal "ok second" "$(x show --transcript --json "$run" | jq -r '.messages[2].results[1] | "\(.status) \(.content)"')" "and of the second"

# What is not in doubt is refused with a reason.
gives 3 x settle "$run" 1.0 'done'
says "run $run has ended: nothing of it is in doubt"
gives 1 x settle 01nosuchrun 1.0 'done'
says "there is no run '01nosuchrun'"
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: keyed, args: { text: k } }, { tool: unsafe, args: { text: one-secret-word, how: kill_after } } ]
  - calls: [ { tool: keyed, args: { text: z, how: kill_after } } ]
  - say: Done.
END
rm -rf "$XDG_STATE_HOME" effects.log effects.log.died
gives 137 x run "go"
run=$(x runs --json | jq -r '.[0].run')
gives 3 x settle "$run" 1.1 perhaps
says "'perhaps': say done, not-done or retry"
gives 3 x settle "$run" 7.7 'done'
says "call '7.7' of run $run is not in doubt; call 1.1 (unsafe) was started"
gives 3 x settle "$run" 1.0 'done'
says "call 1.0 of run $run"
gives 0 x settle "$run" 1.1 'done'
rm -f effects.log.died
gives 137 x resume "$run"
gives 3 x settle "$run" 2.0 'done'
says "call 2.0 of run $run needs no word: its tool is keyed, so resume runs it again"
gives 0 x resume "$run"

# Killed wherever it makes something durable, settling and going on: never once more than said.
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: unsafe, args: { text: one-secret-word, how: kill_after } } ]
  - say: Done.
END
needs_strace
kills=0
for word in 'done' retry; do
	for what in settle resume; do
		n=1
		while :; do
			parks
			if [ "$what" = settle ]; then
				set -- "$run" 1.0 "$word"
			else
				gives 0 x settle "$run" 1.0 "$word"
				set -- "$run"
			fi
			killed_at fdatasync "$n" "$EXECUTUS" "$what" -c conf.yaml -B "$TEST_BATTERIES" "$@" || break
			[ "$n" -le 60 ] || fail "kill $n at $what $word, and no end"
			kills=$((kills + 1))
			where="after kill $n of $what $word"
			n=$((n + 1))
			x resume --all >"$WORK/out" 2>"$WORK/err" || :
			word2=
			if [ "$(x show --json "$run" | jq -r .status)" = parked ]; then
				# Whoever looks finds what the try that was killed has done.
				[ "$(wc -l <effects.log)" -eq 1 ] || word2='done'
				gives 0 x settle "$run" 1.0 "${word2:-$word}"
				gives 0 x resume "$run"
			fi
			gives 0 x show --json "$run"
			holds '.[0] | .status == "ok"' out
			count=$(wc -l <effects.log)
			[ "$word" = retry ] || equal 1 "$count" "effects $where"
			[ "$word" = 'done' ] || equal 2 "$count" "effects $where"
			gives 0 x audit verify
		done
	done
done
[ "$kills" -ge 6 ] || fail "only $kills kills"
