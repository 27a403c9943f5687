# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# outbox.sh - what is promised to receivers, with the real command: ends, states, tries over days, and a process that is killed
# wherever it makes something durable. Each target of a run has one row and hears one id.

conf() { # OPTIONS-OF-POST TARGET,...
	cat >conf.yaml <<END
batteries:
  disk: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  paper: { so: delivery_file.so, dir: results }
  post: { so: delivery.so, log: post.log$1 }
ports: { store: disk, checkpoint: journal, delivery: { file: paper, post: post } }
tiers: { fast: script/x }
run: { lease: 2s }
agents: { a: { deliver: [$2] } }
END
}
x() { # COMMAND ARGUMENT...
	verb=$1
	shift
	"$EXECUTUS" "$verb" -c conf.yaml -B "$TEST_BATTERIES" "$@"
}
# newest: the id of the run that began last.
newest() {
	x runs --json | jq -r '.[0].run'
}
says_done() {
	echo 'turns: [ { say: Done. } ]' >script.yaml
}

# Several targets, each on its own ends; what became of them is shown.
says_done
conf "" "'file:answer.md', 'failed=post:alarm', 'ok=post:fine'"
gives 0 x run "go"
equal "Done." "$(cat results/answer.md)" "the file"
equal 1 "$(wc -l <post.log)" "deliveries by post"
grep -q ' post fine ok Done.' post.log || fail "the wrong one was told"
gives 0 x show "$(newest)"
prints "delivery  file:answer.md delivered, 1 try"
prints "          post:fine delivered, 1 try"
gives 0 x show --json "$(newest)"
holds '.[0].deliveries | map(.state) == ["delivered", "delivered"]' out
echo 'turns: [ { fail: { text: it is broken } } ]' >script.yaml
gives 69 x run "go"
grep -q ' post alarm error ' post.log || fail "the alarm was not told"
says_done
gives 0 x run --deliver all=post:other "go"
grep -q ' post other ok Done.' post.log || fail "the command line does not name a target"

# A wrong target is refused before anything happens, with the word and what to write.
gives 2 x run --deliver fine=post:x "go"
says "'fine' is no end of a run: write ok, error"
gives 2 x run --deliver ok=pigeon:x "go"
says "nothing is bound to delivery 'pigeon'"
conf "" "'ok,never=post:x'"
gives 3 x check
says "conf.yaml:10:26: agent 'a': 'deliver': 'never' is no end of a run"

# A receiver that is away: the result stands, the delivery waits, and the same id comes until it is given up.
rm -rf "$XDG_STATE_HOME" post.log
conf ", how: again, times: 100" "post:away"
gives 0 x run "go"
run=$(newest)
gives 0 x show "$run"
prints "delivery  post:away pending, 3 tries, again from "
gives 0 x resume --all
says "1 deliveries are still queued: try again later, or at once with --now"
equal 3 "$(wc -l <post.log)" "tries before it is due"
gives 0 x resume --all --now
equal 4 "$(wc -l <post.log)" "tries"
if command -v faketime >/dev/null && ! ldd "$EXECUTUS" | grep -q 'lib[at]san'; then
	for hours in 1 2 5 11 22 37 58 90; do
		gives 0 faketime -f "+${hours}h" "$EXECUTUS" resume --all -c conf.yaml -B "$TEST_BATTERIES"
	done
	gives 0 x show "$run"
	prints "delivery  post:away abandoned, 12 tries: "
	equal 12 "$(wc -l <post.log)" "tries in all"
	gives 0 x resume --all --now
	equal 12 "$(wc -l <post.log)" "tries after it was given up"
fi
equal 1 "$(cut -d' ' -f2 post.log | sort -u | wc -l)" "ids that the receiver saw"

# Killed wherever it makes something durable, and taken up.
needs_strace
conf "" "file:answer.md, 'post:one', 'post:two'"
kills=0
for call in fdatasync pwrite64 write rename; do
	n=1
	while :; do
		rm -rf "$XDG_STATE_HOME" post.log results
		: >post.log
		killed_at "$call" "$n" "$EXECUTUS" run -c conf.yaml -B "$TEST_BATTERIES" "go" || break
		kills=$((kills + 1))
		where="after kill $n at $call"
		n=$((n + 1))
		gives 0 x resume --all --now --json
		x runs --json >runs.json
		[ "$(jq length runs.json)" -eq 1 ] || continue
		x show --json "$(jq -r '.[0].run' runs.json)" >show.json
		holds '.[0].status == "ok" and (.[0].deliveries | map(.target) | sort == ["answer.md", "one", "two"])' show.json
		holds '.[0].deliveries | all(.state == "delivered") and (map(.id) | unique | length == 3)' show.json
		equal "Done." "$(cat results/answer.md)" "the file $where"
		equal 2 "$(cut -d' ' -f2 post.log | sort -u | wc -l)" "ids that the receiver saw $where"
		equal 1 "$(find results -type f ! -name '.tmp-*' | wc -l)" "files $where"
	done
done
[ "$kills" -gt 10 ] || fail "only $kills kills"
