# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# random.sh - eight runs on one store are killed at random times, and the process that takes all of them up as well.

# shellcheck source=tests/prove/kit.sh
. "$TREE/tests/prove/kit.sh"
in_memory
serve_effects

cat >conf.yaml <<END
batteries:
  store: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: remote.so, port: $effect_port }
ports: { store: store, checkpoint: journal }
tiers: { fast: script/x }
run: { lease: 2s, attempts: 9 }
agents: { a: { tools: [pure, keyed, reconcilable, unsafe] } }
END
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: keyed, args: { text: t1 } }, { tool: reconcilable, args: { text: t2 } } ]
  - { delay: 100ms, calls: [ { tool: unsafe, args: { text: t3 } }, { tool: pure, args: { text: t4 } } ] }
  - { delay: 100ms, calls: [ { tool: reconcilable, args: { text: t5 } }, { tool: keyed, args: { text: t6 } } ] }
  - { delay: 100ms, calls: [ { tool: unsafe, args: { text: t7 } } ] }
  - capture: [ { from: all, pattern: '.+', group: 0, as: all, all: true, join: ' / ' } ]
    say: "Told: ${all}"
END
texts="keyed:t1 reconcilable:t2 unsafe:t3 pure:t4 reconcilable:t5 keyed:t6 unsafe:t7"
told="Told: wrote t1 / wrote t2 / wrote t3 / wrote t4 / wrote t5 / wrote t6 / wrote t7"

# rest_a_while: for less than the delays of a run together, seeded, so that a round can be had again.
REST_MS=300
seed=$shard
rest_a_while() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	sleep "0.$(printf '%03d' $((seed / 65536 % REST_MS)))"
}

# in_flight: every one of the eight has told its first fact. How long a machine takes to get there is not what is tried.
in_flight() {
	for i in $eight; do
		tries=2000
		until [ -s "run$i.jsonl" ]; do
			tries=$((tries - 1))
			[ "$tries" -gt 0 ] || fail "run $i does not begin $where: $(cat "err$i")"
			sleep 0.005
		done
	done
}

# killed_now PID...: at once; counts those that had not ended by themselves.
killed_now() {
	kill -9 "$@" 2>/dev/null || :
	for one; do
		code=0
		wait "$one" 2>/dev/null || code=$?
		[ "$code" -ne 137 ] || killed=$((killed + 1))
	done
}

eight='1 2 3 4 5 6 7 8'
rounds=0 runs=0
round() {
	rounds=$((rounds + 1))
	where="(round $rounds of shard $shard)"
	rm -rf "$XDG_STATE_HOME" ./*.jsonl
	: >effects.log
	pids=
	for i in $eight; do
		"$EXECUTUS" run -a a "question $i" -c conf.yaml -B "$TEST_BATTERIES" --jsonl -q >"run$i.jsonl" 2>"err$i" </dev/null &
		pids="$pids $!"
	done
	children="$server $pids"
	in_flight
	rest_a_while
	# shellcheck disable=SC2086 # a list of ids
	killed_now $pids
	"$EXECUTUS" resume --all -c conf.yaml -B "$TEST_BATTERIES" --jsonl -q >resumed.jsonl 2>err0 </dev/null &
	pids=$!
	children="$server $pids"
	rest_a_while
	killed_now "$pids"
	x runs --json >runs.json
	jq -r '.[].run' runs.json >ids
	while read -r run; do
		x show --facts --json "$run" >"before-$run.json"
	done <ids
	cp effects.log effects.before
	gives 0 x resume --all -q
	while read -r run; do
		x show --facts --json "$run" >after.json
		cat run?.jsonl resumed.jsonl | jq -c -R 'fromjson? // empty' >printed.jsonl
		wrong=$(jq -n -r --arg run "$run" --rawfile printed printed.jsonl --slurpfile before "before-$run.json" \
			--slurpfile after after.json --rawfile log effects.log --rawfile log_before effects.before --arg texts "$texts" \
			--arg told "$told" --arg status ok --arg doubt maybe -f "$TREE/tests/prove/verify.jq" 2>&1) || fail "$wrong $where"
		[ -z "$wrong" ] || fail "$wrong, run $run $where"
		runs=$((runs + 1))
	done <ids
	rm -f before-*.json
}

killed=0
goal=${quick:+16}
goal=$((${goal:-1008} / shards))
while [ "$killed" -lt "$goal" ]; do
	round
	[ "$rounds" -lt 2000 ] || fail "only $killed processes were still there to be killed"
done
counted "processes killed at a random time with eight runs in flight" "$killed"
counted "runs that were taken up with every promise held" "$runs"
