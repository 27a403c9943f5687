# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# fork.sh - a new run goes on from a step of another one: nothing before it is done again, the other run stays as it is and in the
# store, and a process that is killed in between leaves a whole fork or none.

cat >conf.yaml <<'END'
batteries:
  disk: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  trail: { so: audit_store.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
  post: { so: delivery.so, log: post.log }
ports: { store: disk, checkpoint: journal, audit: [trail], delivery: { post: post } }
tiers: { fast: script/x }
run: { lease: 2s }
agents:
  a: { tools: [unsafe], deliver: ['all=post:boss'], max_steps: 4 }
  b: { tools: [unsafe], prompt: Be brief., max_steps: 2 }
END
x() { # COMMAND ARGUMENT...
	verb=$1
	shift
	"$EXECUTUS" "$verb" -c conf.yaml -B "$TEST_BATTERIES" "$@"
}
script() { # WORD...: a call for each, then the answer "Done, LAST."
	{
		echo turns:
		for word in "$@"; do
			echo "  - calls: [ { tool: unsafe, args: { text: $word } } ]"
			last=$word
		done
		echo "  - say: Done, $last."
	} >script.yaml
}
newest() {
	x runs --json | jq -r '.[0].run'
}
anew() {
	rm -rf "$XDG_STATE_HOME"
	: >effects.log
	: >post.log
	script one two
	gives 0 x run "go"
	run=$(newest)
	: >effects.log
	: >post.log
}
effects() {
	cut -d' ' -f3 effects.log | tr '\n' ' ' | sed 's/ $//'
}

# From the middle: what was done before is not done again, what comes behind may be something else.
anew
script one other
gives 0 x fork "$run@1"
equal "Done, other." "$(cat out)" "the answer"
equal "other" "$(effects)" "effects"
fork=$(newest)
grep -q "^deliver $fork.0 1 post boss ok Done, other\.$" post.log || fail "the fork was not delivered: $(cat post.log)"
gives 0 x show --json "$fork"
holds ".[0] | .status == \"ok\" and .forked_from == \"$run\" and .forked_step == 1 and .steps == 3 and .max_steps == 5 and .calls == 1 and .attempt == 1" out
gives 0 x show "$fork"
grep -q "^fork of   $run@1$" out || fail "show does not say where it comes from: $(cat out)"
gives 0 x show --transcript --json "$fork"
holds '.[0] | .messages | map(.role) == ["user", "assistant", "tool", "assistant", "tool", "assistant"]' out
gives 0 x runs --json
holds ".[0] | .[0].forked_from == \"$run\" and (.[1] | has(\"forked_from\") | not)" out
gives 0 x show --json "$run"
holds '.[0] | .status == "ok" and .output == "Done, two."' out
gives 0 x audit verify
gives 0 x audit list --json
holds '.[0] | length == 2 and (map(.status) | unique == ["ok"])' out
gives 0 x store verify

# From before the first step, from the end with a question, with another agent, and from a fork.
: >effects.log
script zero
gives 0 x fork "$run@0" --agent b --json
holds '.[0] | .status == "ok" and .output == "Done, zero."' out
equal "zero" "$(effects)" "effects of a fork from the start"
cat >script.yaml <<'END'
turns:
  - { say: a }
  - { say: b }
  - { say: c }
  - { say: d, expect: [And now] }
END
gives 0 x fork "$run" "And now?"
equal "d" "$(cat out)" "the answer to the question"
second=$(newest)
echo "And then?" >question.txt
sed -i '$s/.*/  - { say: d }\n  - { say: e, expect: [And then] }/' script.yaml
gives 0 x fork --input question.txt "$second"
equal "e" "$(cat out)" "the answer to the question of a fork of a fork"
third=$(newest)
gives 0 x show --json "$third"
holds ".[0] | .forked_from == \"$second\" and .forked_step == 4 and .input == \"And then?\"" out

# What cannot be forked is refused with a reason.
gives 3 x fork "$run"
says "run $run answered in step 3: fork it with another question, or from an earlier step, $run@2"
gives 3 x fork "$run@7"
says "run $run has no step 7: it came to step 3"
gives 2 x fork "$run@x"
says "behind the @ stands the number of a step, as in RUN@2"
gives 1 x fork 01nosuchrun@1
says "there is no run '01nosuchrun'"
gives 2 x fork "$run@1" --agent c
says "no agent 'c'"
gives 2 x fork "$run@1" "What?" --input question.txt
says "'--input' names another"
gives 3 x fork "$run@1" --durability none
says "a fork rests on stored facts"

# A run stays as long as one that was forked from it, whatever retention says; then both go.
gives 0 x hold "$third"
gives 0 x store prune --keep 1
gives 0 x runs --json
holds ".[0] | map(.run) == [\"$third\", \"$second\", \"$run\"]" out
gives 0 x store verify
gives 0 x show --json "$third"
holds '.[0] | .damage == ""' out
gives 0 x release "$third"
script one
gives 0 x run "something else"
gives 0 x store prune --keep 1
gives 0 x runs --json
holds '.[0] | length == 1' out
gives 0 x store verify

# An owner that dies in the middle of a step: the fork is of what ended before.
anew
rm -f effects.log.died
sed 's/text: two/text: two, how: kill_after/' script.yaml >killing.yaml
mv killing.yaml script.yaml
gives 137 x run "go"
run=$(newest)
: >effects.log
script one other
gives 3 x fork "$run@2"
says "run $run has not ended step 2: fork it from an earlier one"
gives 0 x fork "$run"
equal "other" "$(effects)" "effects of a fork of a run that died"
gives 0 x show --json "$(newest)"
holds '.[0] | .forked_step == 1' out

# Killed wherever it makes something durable: the fork is there as a whole or not at all, the other run is what it was.
needs_strace
kills=0 none=0 open=0
for call in fdatasync pwrite64; do
	n=1
	while :; do
		anew
		script one other
		killed_at "$call" "$n" "$EXECUTUS" fork -c conf.yaml -B "$TEST_BATTERIES" "$run@1" || break
		kills=$((kills + 1))
		where="after kill $n at $call"
		n=$((n + 1))
		gives 0 x store verify
		fork=$(newest)
		if [ "$fork" = "$run" ]; then
			none=$((none + 1))
			equal "" "$(effects)" "effects of no fork $where"
			gives 0 x store prune --max-bytes 1
			gives 0 x runs --json
			holds '.[0] == []' out
			continue
		fi
		open=$((open + 1))
		gives 0 x resume --all --now
		gives 0 x show --json "$fork"
		holds ".[0] | .status == \"ok\" and .forked_from == \"$run\"" out
		[ "$(wc -l <effects.log)" -le 1 ] || fail "effects $where: $(effects)"
		gives 0 x audit verify
		gives 0 x store verify
	done
done
if [ "$kills" -le 8 ] || [ "$none" -eq 0 ] || [ "$open" -eq 0 ]; then
	fail "only $kills kills: $none without a fork, $open with one"
fi
