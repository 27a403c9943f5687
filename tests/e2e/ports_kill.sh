# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# ports_kill.sh - checkpoint, budget, audit, critic and delivery together, in a run that is killed wherever it makes something
# durable. After each kill, and again when the run was taken up, what they say is one story: the rows of the trail are the facts,
# the ledger is what the facts settled, each target of an ended run has one row, and the store is whole.

needs_strace

cat >conf.yaml <<'END'
batteries:
  disk: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
  book: { so: audit_store.so }
  lines: { so: audit_jsonl.so, path: trail.jsonl }
  purse:
    so: budget_ledger.so
    limits:
      - { name: cap, scope: caller, unit: tokens, max: 1000000, per: 7d }
      - { name: calls, scope: all, unit: calls, max: 1000, per: day }
  eye: { so: critic_stall.so, same_call: 2 }
  post: { so: delivery.so, log: post.log }
  paper: { so: delivery_file.so, dir: results }
ports:
  store: disk
  checkpoint: journal
  audit: [book, lines]
  budget: purse
  critic: eye
  delivery: { post: post, file: paper }
tiers: { fast: script/x }
run: { lease: 2s, attempts: 5 }
agents: { a: { tools: [pure, keyed], deliver: ['post:one', 'ok=file:answer.md', 'failed=post:alarm'] } }
END
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: pure, args: { text: one } } ]
    usage: { in: 30, out: 3 }
  - calls: [ { tool: keyed, args: { text: two } } ]
    usage: { in: 40, out: 4 }
  - say: Done.
    usage: { in: 50, out: 5 }
END
x() { # COMMAND ARGUMENT...
	verb=$1
	shift
	"$EXECUTUS" "$verb" -c conf.yaml -B "$TEST_BATTERIES" "$@"
}

# facts: those of the only run into facts.json, and its id into $run; false when there is no run.
facts() {
	x runs --json >runs.json
	run=$(jq -r '.[0].run // empty' runs.json)
	[ -n "$run" ] || return 1
	x show --facts --json "$run" >facts.json
}

# one_story: the trail is the facts, and the books are sound. Holds at any time.
one_story() {
	gives 0 x audit verify
	gives 0 x store verify
	x audit show --json "$run" >trail.json
	equal "$(jq -c '[.[] | [.seq, .kind]]' facts.json)" "$(jq -c '[.[] | [.seq, .kind]]' trail.json)" "rows of the trail $where"
}

# the_ledger: what is booked is what was settled, and once more the estimate of a turn that may have left when a process died.
the_ledger() {
	x budget --json >budget.json
	holds '.[0].limits | all(.uses | all(.reserved == 0 and .runs == []))' budget.json
	settled=$(jq '[.[] | select(.kind == "budget_settled") | .body.actual | .in_tokens + .out_tokens] | add // 0' facts.json)
	booked=$(jq '.limits[0].uses | map(.used) | add // 0' budget.json)
	jq -r '.[] | select(.kind == "budget_reserved") | .body.estimate | .in_tokens + .out_tokens' facts.json >estimates
	[ "$booked" -eq "$settled" ] || grep -qx "$((booked - settled))" estimates ||
		fail "$booked tokens are booked and $settled settled $where"
	checks=$((checks + 1))
	equal 2 "$(jq '.limits[1].uses | map(.used) | add // 0' budget.json)" "calls booked $where"
}

the_deliveries() {
	x show --json "$run" >show.json
	holds '.[0].deliveries | map(.target) | sort == ["answer.md", "one"]' show.json
	holds '.[0].deliveries | all(.state == "delivered") and (map(.id) | unique | length == 2)' show.json
	equal 1 "$(cut -d' ' -f2 post.log | sort -u | wc -l)" "ids that the receiver saw $where"
	equal "Done." "$(cat results/answer.md)" "the file $where"
}

kills=0
for call in fdatasync pwrite64 write; do
	n=1
	while :; do
		rm -rf "$XDG_STATE_HOME" effects.log post.log results trail.jsonl
		: >post.log
		killed_at "$call" "$n" "$EXECUTUS" run -c conf.yaml -B "$TEST_BATTERIES" --caller alice "go" || break
		kills=$((kills + 1))
		where="after kill $n at $call"
		n=$((n + 1))
		if facts; then
			one_story
		fi
		gives 0 x resume --all --now
		facts || continue
		equal ok "$(jq -r '[.[] | select(.kind == "run_ended")] | if length == 1 then .[0].body.status else "not one" end' facts.json)" \
			"the end $where"
		one_story
		the_ledger
		the_deliveries
		equal 1 "$(grep ' two$' effects.log | sort -u | wc -l)" "keyed effects, each with its key $where"
	done
done
[ "$kills" -gt 20 ] || fail "only $kills kills"
echo "$kills kills"
