# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# retry.sh - a run that failed is retried by a person: nothing is done twice, each end is told and kept in the trail, and a process that
# is killed in between leaves the run as it was or open.

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
agents: { a: { tools: [unsafe], deliver: ['all=post:boss'], max_steps: 3 } }
END
x() { # COMMAND ARGUMENT...
	verb=$1
	shift
	"$EXECUTUS" "$verb" -c conf.yaml -B "$TEST_BATTERIES" "$@"
}
fails() {
	cat >script.yaml <<'END'
turns:
  - calls: [ { tool: unsafe, args: { text: one } } ]
  - fail: { text: it is broken, class: permanent }
END
}
works() {
	cat >script.yaml <<'END'
turns:
  - calls: [ { tool: unsafe, args: { text: one } } ]
  - say: Done.
END
}
anew() {
	rm -rf "$XDG_STATE_HOME" effects.log post.log
	: >effects.log
	: >post.log
	fails
	gives 69 x run "go"
	run=$(x runs --json | jq -r '.[0].run')
	works
}

# It goes on behind the call that it had made; both ends were told, under ids that differ.
anew
gives 69 x resume "$run"
gives 0 x resume --retry "$run"
equal "Done." "$(cat out)" "the answer"
equal 1 "$(wc -l <effects.log)" "effects"
equal "$run.0 $run.0.r2" "$(cut -d' ' -f2 post.log | tr '\n' ' ' | sed 's/ $//')" "ids of the deliveries"
grep -q "^deliver $run.0.r2 1 post boss ok Done\.$" post.log || fail "the second end was not told: $(cat post.log)"
gives 0 x show --json "$run"
holds '.[0] | .status == "ok" and .attempt == 2 and .steps == 2 and (.deliveries | length == 2)' out
gives 0 x audit verify
gives 0 x audit list --json
holds '.[0] | length == 1 and (.[0] | .status == "ok" and .attempt == 2)' out

# What is not retried is refused with a reason.
gives 3 x resume --retry "$run"
says "run $run ended well: there is nothing to retry"
gives 2 x resume --steps 9 "$run"
says "--steps and --runtime go with --retry"
gives 2 x resume --retry --all
says "--retry"
gives 2 x resume --retry --runtime soon "$run"
says "--runtime takes a time such as 90s, 20m or 2h"

# A limit that was reached must be raised.
anew
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: unsafe, args: { text: one } } ]
  - calls: [ { tool: unsafe, args: { text: two } } ]
  - calls: [ { tool: unsafe, args: { text: three } } ]
  - say: Done.
END
gives 1 x resume --retry "$run"
says "the limit of 3 steps was reached before the answer"
gives 3 x resume --retry "$run"
says "run $run has used all of its steps and would end at once again: give it more with --steps"
gives 0 x resume --retry --steps 4 "$run"
equal "one two three" "$(cut -d' ' -f3 effects.log | tr '\n' ' ' | sed 's/ $//')" "effects"
gives 0 x audit verify

# An end that could not be told yet is told as it was, and so is the one after it.
anew
rm -rf "$XDG_STATE_HOME" post.log
sed -i 's/log: post.log }/log: post.log, how: again, times: 100 }/' conf.yaml
fails
gives 69 x run "go"
run=$(x runs --json | jq -r '.[0].run')
works
gives 0 x resume --retry "$run"
sed -i 's/, how: again, times: 100 }/ }/' conf.yaml
: >post.log
gives 0 x resume --all --now
equal 2 "$(wc -l <post.log)" "deliveries"
grep -q "^deliver $run.0 [0-9]* post boss error .*it is broken" post.log || fail "the first end: $(cat post.log)"
grep -q "^deliver $run.0.r2 [0-9]* post boss ok Done\.$" post.log || fail "the second end: $(cat post.log)"

# Killed wherever it makes something durable.
needs_strace
kills=0 before=0 open=0
for call in fdatasync pwrite64; do
	n=1
	while :; do
		anew
		killed_at "$call" "$n" "$EXECUTUS" resume -c conf.yaml -B "$TEST_BATTERIES" --retry "$run" || break
		kills=$((kills + 1))
		where="after kill $n at $call"
		n=$((n + 1))
		x runs --json >runs.json
		status=$(jq -r '.[0].status' runs.json)
		case $status in
		error)
			before=$((before + 1))
			gives 0 x resume --retry "$run"
			;;
		*)
			open=$((open + 1))
			gives 0 x resume --all --now
			;;
		esac
		gives 0 x show --json "$run"
		holds '.[0] | .status == "ok" and (.deliveries | map(.id) | unique | length == 2)' out
		equal 1 "$(wc -l <effects.log)" "effects $where"
		gives 0 x audit verify
		gives 0 x store verify
	done
done
if [ "$kills" -le 8 ] || [ "$before" -eq 0 ] || [ "$open" -eq 0 ]; then
	fail "only $kills kills: $before before, $open open"
fi
