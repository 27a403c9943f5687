# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# kill.sh - a process is killed at every call that makes something durable or tells somebody something, in scenarios of every kind;
# the next one goes on. No acknowledged fact is lost, no effect repeated, and the answer is the same.

# shellcheck source=tests/prove/kit.sh
. "$TREE/tests/prove/kit.sh"
in_memory
serve_effects

# ---- the scenarios ----

# conf AGENT BATTERIES PORTS: of this scenario.
conf() {
	cat >conf.yaml <<END
batteries:
  store: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: remote.so, port: $effect_port }
$2
ports: { store: store, checkpoint: journal$3 }
tiers: { fast: script/$scenario, other: script/other }
run: { lease: 2s, attempts: 5 }
agents:
  a: { tools: [pure, idempotent, keyed, reconcilable, unsafe]$1 }
  other: { tier: other, tools: [keyed] }
END
}

# script_of TURN...: the tools that each turn calls. What has to come of it is in $texts and $told.
script_of() {
	n=0 texts=
	{
		echo "scripts:"
		echo "  other:"
		for turn in 1 2 3; do
			echo "    - { delay: 20ms, calls: [ { tool: keyed, args: { text: other$turn } } ] }"
		done
		echo "    - say: I did mine."
		echo "  $scenario:"
		for turn; do
			calls=
			for tool in $turn; do
				n=$((n + 1))
				calls="$calls${calls:+, }{ tool: $tool, args: { text: t$n } }"
				texts="$texts $tool:t$n"
			done
			echo "    - calls: [ $calls ]"
		done
		echo "    - capture: [ { from: all, pattern: '.+', group: 0, as: all, all: true, join: ' / ' } ]"
		# shellcheck disable=SC2016 # a placeholder of the script
		echo '      say: "Told: ${all}"'
	} >script.yaml
	told="Told: $(echo "$texts" | sed 's/^ //; s/[a-z]*:/wrote /g; s/ wrote/ \/ wrote/g')"
}

# ---- one kill ----

# stored FILE: the facts of $run.
stored() {
	: >"$1"
	[ -z "$run" ] || x show --facts --json "$run" >"$1" 2>"$WORK/err" || fail "the facts cannot be read $where"
}

# went_on: the state is what a killed process left, and what it printed is in printed.jsonl. Takes the run up, and looks.
went_on() {
	run_of printed.jsonl
	stored before.json
	cp effects.log effects.before
	if [ -z "$run" ]; then
		if grep -v ' other' effects.before; then fail "effects of a run that is not stored $where"; fi
		return 0
	fi
	$resume_with
	stored after.json
	wrong=$(jq -n -r --arg run "$run" --rawfile printed printed.jsonl --slurpfile before before.json --slurpfile after after.json \
		--rawfile log effects.log --rawfile log_before effects.before --arg texts "$texts" --arg told "$told" \
		--arg status "$status" --arg doubt "$doubt" -f "$TREE/tests/prove/verify.jq" 2>&1) || fail "$wrong $where"
	[ -z "$wrong" ] || fail "$wrong $where"
	if grep -q 'OUTCOME UNKNOWN' after.json; then doubts=$((doubts + 1)); fi
	$and_then
}

resume() {
	resumed=0
	x resume --all --now >resumed.out 2>"$WORK/err" || resumed=$?
	case $resumed in 0 | "$resume_code") ;; *) fail "resume ended with $resumed $where" ;; esac
}

# Two come at once: one of them carries it.
race() {
	x resume --all --now >one.out 2>one.err &
	one=$!
	x resume --all --now >two.out 2>two.err &
	two=$!
	children="$one $two $server"
	a=0 b=0
	wait "$one" || a=$?
	wait "$two" || b=$?
	case $a/$b in 0/0 | 0/75 | 75/0) ;; *) fail "the two came to $a and $b: $(cat one.err two.err) $where" ;; esac
}

nothing() {
	:
}

anew() {
	rm -rf "$XDG_STATE_HOME" results post.log trail.jsonl
	: >effects.log
	: >post.log
}

# at_every COMMAND...: kills it at each write, and wants the truth each time.
at_every() {
	n=$first before=$killed died=137
	while [ "$died" -eq 137 ]; do
		where="($scenario, killed at write $n of $1)"
		$prepare
		died=0
		$beside
		"$tools/at_call" -c writes,recvfrom -n "$n" -o hit -- "$EXECUTUS" "$@" -c conf.yaml -B "$TEST_BATTERIES" --jsonl \
			>more.jsonl 2>killed.err </dev/null || died=$?
		case $died in 137 | "$whole_code") ;; *) fail "exit status $died $where: $(cat killed.err)" ;; esac
		read -r _ name _ <hit
		echo "$name" >>hits
		cat kept.jsonl more.jsonl >printed.jsonl
		$meanwhile
		went_on
		[ "$died" -ne 137 ] || killed=$((killed + 1))
		n=$((n + step * shards))
		[ "$n" -lt 5000 ] || fail "never gets through $where"
	done
	[ "$killed" -gt "$before" ] || fail "no kill of $scenario"
	echo "$scenario: $((killed - before)) kills"
}

# scenario NAME: the first of its words.
scenario() {
	scenario=$1 status=ok doubt=no resume_code=0 whole_code=0
	resume_with=resume and_then=nothing prepare=anew beside=nothing meanwhile=nothing
	step=${quick:+31}
	step=${step:-1}
	first=$((1 + (shard - 1) * step))
	: >kept.jsonl
	scenarios=$((scenarios + 1))
}

killed=0 doubts=0 scenarios=0

# ---- one loop, and parallel tools of every class ----

scenario loop
script_of keyed keyed reconcilable keyed idempotent pure keyed reconcilable
conf "" "" ""
at_every run -a a question
for class in pure idempotent keyed reconcilable unsafe; do
	scenario "parallel_$class"
	[ $class != unsafe ] || doubt=maybe
	script_of "$class $class $class" "$class $class" "$class $class $class $class" "$class $class"
	conf "" "" ""
	at_every run -a a question
done
scenario mixed
doubt=maybe
script_of "pure idempotent keyed reconcilable unsafe" "unsafe keyed" "reconcilable unsafe pure" "keyed keyed unsafe"
conf "" "" ""
at_every run -a a question

# ---- a limit that ends the run ----

reserves_nothing() {
	x budget --json >budget.json
	holds '.[0].limits | all(.uses | all(.reserved == 0))' budget.json
}
scenario limit
status=denied resume_code=4 whole_code=4 and_then=reserves_nothing
script_of "keyed keyed" "reconcilable keyed" "keyed"
texts="keyed:t1 keyed:t2 reconcilable:t3 keyed:t4" told=
conf "" "  purse:
    so: budget_ledger.so
    limits:
      - { name: few, scope: run, unit: calls, max: 4 }
      - { name: cap, scope: caller, unit: tokens, max: 100000000, per: 7d }" ", budget: purse"
at_every run -a a question

# ---- deliveries ----

all_delivered() {
	x show --json "$run" >show.json
	holds ".[0].deliveries | all(.state == \"delivered\") and (map(.id) | unique | length == $targets)" show.json
	equal "$((targets - 1))" "$(cut -d' ' -f2 post.log | sort -u | wc -l)" "ids that the receiver saw $where"
	equal "$told" "$(cat results/answer.md)" "the file $where"
}
scenario delivery
and_then=all_delivered targets=3
script_of "keyed" "reconcilable"
conf ", deliver: ['post:one', 'post:two', 'file:answer.md']" "  post: { so: delivery.so, log: post.log }
  paper: { so: delivery_file.so, dir: results }" ", delivery: { post: post, file: paper }"
at_every run -a a question

# ---- all ports together ----

one_story() {
	gives 0 x audit verify
	gives 0 x store verify
	x audit show --json "$run" >trail.json
	jq -n -e --slurpfile a after.json --slurpfile t trail.json \
		'($a[0] | map([.seq, .kind])) == ($t[0] | map([.seq, .kind]))' >/dev/null || fail "the trail is not the facts $where"
	all_delivered
	reserves_nothing
}
scenario ports
and_then=one_story targets=2
script_of "keyed pure" "reconcilable keyed" "keyed keyed" "reconcilable pure"
conf ", deliver: ['post:one', 'file:answer.md']" "  post: { so: delivery.so, log: post.log }
  paper: { so: delivery_file.so, dir: results }
  book: { so: audit_store.so }
  lines: { so: audit_jsonl.so, path: trail.jsonl }
  purse: { so: budget_ledger.so, limits: [ { name: cap, scope: caller, unit: tokens, max: 100000000, per: 7d } ] }
  eye: { so: critic_stall.so }" ", audit: [book, lines], budget: purse, critic: eye, delivery: { post: post, file: paper }"
at_every run -a a question

# ---- two processes on one store: what one suffers does not harm the other ----

start_other() {
	x run -a other "and you?" >other.out 2>other.err &
	other=$!
	children="$other $server"
}
other_is_well() {
	ends 0 "$other"
	equal "I did mine." "$(cat other.out)" "the answer of the other process $where"
	equal 3 "$(grep -c '^did keyed .* other' effects.log)" "effects of the other process $where"
}
scenario two
beside=start_other meanwhile=other_is_well
script_of "keyed" "reconcilable keyed" "keyed keyed" "idempotent pure" "reconcilable keyed"
conf "" "" ""
at_every run -a a question

# ---- two resumes at once ----

scenario race
resume_with=race doubt=maybe
script_of "keyed reconcilable" "unsafe keyed" "pure idempotent" "unsafe reconcilable" "keyed unsafe"
conf "" "" ""
at_every run -a a question

# ---- a model behind HTTP: no request has a call without its result ----

effects_under_keys() {
	equal 4 "$(grep -c '^did ' effects.log)" "effects $where"
	equal 4 "$(cut -d' ' -f3 effects.log | sort -u | wc -l)" "keys $where"
}
scenario http
and_then=effects_under_keys
: >mock.port
"$MOCK" --turns 2 --tool keyed --args '{"text":"t"}' --fault twocalls --answer Fine. --log requests --with-parent >mock.port &
children="$children $!" server="$server $!"
until_true 10 grep -q '^port [0-9]' mock.port
script_of keyed
texts='' told=Fine.
conf ", max_same_calls: 99" "  http: { so: model_openai.so, base_url: 'http://127.0.0.1:$(sed 's/port //' mock.port)/v1' }" ""
sed -i 's,fast: script/http,fast: http/any,' conf.yaml
at_every run -a a question
holds 'length >= 3 and all(.[]; .answered)' requests

# ---- a resume that is killed itself ----

put_back() {
	rm -rf "$XDG_STATE_HOME"
	cp -R left "$XDG_STATE_HOME"
	cp left.log effects.log
}
points="30 40 50 60 70 80 90 100 110"
[ -z "$quick" ] || points="20 70"
for at in $points; do
	scenario "resume_at_$at"
	doubt=maybe prepare=put_back
	script_of "keyed reconcilable unsafe" "keyed pure" "unsafe reconcilable" "keyed idempotent" "unsafe keyed"
	conf "" "" ""
	anew
	died=0
	"$tools/at_call" -c writes,recvfrom -n "$at" -- "$EXECUTUS" run -a a question -c conf.yaml -B "$TEST_BATTERIES" --jsonl \
		>left.jsonl 2>"$WORK/err" </dev/null || died=$?
	equal 137 "$died" "exit status of what is left to be resumed"
	rm -rf left
	cp -R "$XDG_STATE_HOME" left
	cp effects.log left.log
	sed -n '/}$/p' left.jsonl >kept.jsonl
	at_every resume --all
done

[ "$doubts" -gt 0 ] || fail "no unsafe call ever was in doubt, so none was hit"
sort hits | uniq -c | awk '{ printf "%s%s %s", (NR > 1 ? ", " : "at "), $2, $1 } END { print "" }'
counted "requests to the model over HTTP, each call in them answered" "$(wc -l <requests)"
[ "$shard" -ne 1 ] || counted "scenarios" "$scenarios"
counted "processes killed at a call that writes or hears, each run taken up with every promise held" "$killed"
counted "of them with an unsafe call in doubt, told and not repeated" "$doubts"
