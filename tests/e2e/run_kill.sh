# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# run_kill.sh - the promise, held by killing: a run dies at every call that makes something durable, and the next process goes on
# with it. Nothing that was told is lost, and no effect comes twice in silence.

needs_strace

cat >conf.yaml <<'END'
batteries:
  store: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
ports: { store: store, checkpoint: journal }
tiers: { pure: script/pure, keyed: script/keyed, reconcilable: script/reconcilable, unsafe: script/unsafe }
run: { lease: 2s, attempts: 5 }
agents:
END
echo "scripts:" >script.yaml
for effect in pure keyed reconcilable unsafe; do
	echo "  $effect: { tier: $effect, tools: [$effect] }" >>conf.yaml
	cat >>script.yaml <<END
  $effect:
    - calls: [ { tool: $effect, args: { text: one } }, { tool: $effect, args: { text: two } } ]
    - calls: [ { tool: $effect, args: { text: three } } ]
    - calls: [ { tool: $effect, args: { text: four } } ]
    - capture: [ { from: all, pattern: '.+', group: 0, as: all, all: true, join: " / " } ]
      say: "Told: \${all}"
END
done
told="Told: wrote one / wrote two / wrote three / wrote four"

command_line() {
	"$EXECUTUS" "$@" -c conf.yaml -B "$TEST_BATTERIES" </dev/null
}
# dies_at CALL N WORD...: that command line is killed there; false when it got through.
dies_at() {
	inject_call=$1 inject_n=$2
	shift 2
	[ "$inject_n" -lt 200 ] || fail "never gets through $where"
	killed_at "$inject_call" "$inject_n" "$EXECUTUS" "$@" -c conf.yaml -B "$TEST_BATTERIES" --jsonl || return 1
	killed=$((killed + 1))
}
anew() {
	rm -rf "$XDG_STATE_HOME" effects.log effects.log.died
	: >effects.log
}
# as_stored: the facts of the only run as they are stored, one a line, and its id in $run; nothing when there is no run.
as_stored() {
	run=$(command_line runs --json | sed -n 's/.*"run":"\([^"]*\)".*/\1/p')
	: >stored.jsonl
	[ -z "$run" ] || command_line show --facts --json "$run" | sed 's/^\[//; s/}[],]$/}/' >stored.jsonl
}

# The answer, when the facts are what they have to be.
truth='
def ended: map(select(.kind == "call_ended"));
# Numbered without a hole, in one run, with one beginning and one end.
if ([.[].seq] == [range(1; length + 1)])
and .[0].kind == "run_started" and .[-1].kind == "run_ended" and .[-1].body.status == "ok"
and (map(select(.kind == "run_ended")) | length == 1)
# Each call ended once, and began under one key for ever.
and (ended | map(.call) | sort == ["1.0", "1.1", "2.0", "3.0"])
and (map(select(.kind == "call_started")) | group_by(.call) | all(.[]; map(.body.key) | unique | length == 1))
then .[-1].body.output else "not true: the facts" end'

# lines_ok: no line of effects.log says that something happened that should not have.
lines_ok() {
	case $effect in
	# May come again, as long as the receiver can know it.
	pure) ;;
	keyed) equal 4 "$(sort -u effects.log | wc -l)" "different effects, each with its key $where" ;;
	*) equal "" "$(cut -d' ' -f3 effects.log | sort | uniq -d)" "effects that happened twice $where" ;;
	esac
	[ "$effect" = unsafe ] ||
		equal "four one three two" "$(cut -d' ' -f3 effects.log | sort -u | tr '\n' ' ' | sed 's/ $//')" "effects $where"
}

# effects_of_ended: how often each call happened whose end is stored by now.
effects_of_ended() {
	while read -r call text; do
		if grep "\"kind\":\"call_ended\".*\"call\":\"$call\"" before.jsonl | grep -q '"status":"ok"'; then
			echo "$text $(grep -c " $text\$" effects.log)"
		fi
	done <<END
1.0 one
1.1 two
2.0 three
3.0 four
END
}

# begins_with FILE PART: the lines of PART are the first ones of FILE.
begins_with() {
	checks=$((checks + 1))
	head -n "$(wc -l <"$2")" "$1" | cmp -s - "$2" || fail "what $2 has is not in $1 $where"
}

# keep: sets the first state aside in which calls are open that have been made.
keep() {
	if [ ! -e left ] && [ -s effects.log ] && grep -q '"kind":"call_started"' before.jsonl &&
		! grep -q '"kind":"call_ended"' before.jsonl; then
		mkdir left
		cp -R "$XDG_STATE_HOME" effects.log before.jsonl left
	fi
}

# survives: the state is what a killed process left. It is taken up, and everything holds.
survives() {
	as_stored
	cp stored.jsonl before.jsonl
	keep
	# The last line may lack its end.
	sed -n '/}$/p' printed.jsonl >acknowledged.jsonl
	begins_with before.jsonl acknowledged.jsonl
	if [ -z "$run" ]; then
		equal 0 "$(wc -l <effects.log)" "effects of a run that is not stored $where"
		return
	fi
	effects_of_ended >effects.before
	gives 0 command_line resume --all --json
	effects_of_ended >effects.after
	checks=$((checks + 1))
	cmp -s effects.before effects.after || fail "a call that had ended was made again $where"
	as_stored
	begins_with stored.jsonl before.jsonl
	output=$(jq -r -s "$truth" stored.jsonl) || fail "the facts are no JSON $where"
	lines_ok
	case $effect/$output in
	"$effect/$told") ;;
	reconcilable/*"it had happened"*)
		equal "$told" "$(reconciled "$output")" "the answer $where"
		asked=$((asked + 1))
		;;
	unsafe/*"OUTCOME UNKNOWN"*) in_doubt=$((in_doubt + 1)) ;;
	*) fail "the answer $where: $output" ;;
	esac
}

# reconciled TEXT: with each "it had happened" as what had been written.
reconciled() {
	echo "$1" | awk -F ' / ' '{
		split("one two three four", text, " ")
		for (i = 1; i <= NF; i++)
			sub(/it had happened/, "wrote " text[i], $i)
		print $1 " / " $2 " / " $3 " / " $4
	}'
}

# at_every CALL [STEP [FIRST]]: kills it at the first, second ... call of that name, until it gets through; or in bigger steps.
at_every() {
	step=${2:-1} died=yes
	n=$((${3:-1} - step))
	while [ "$died" = yes ]; do
		n=$((n + step))
		anew
		where="(killed at $1 number $n of $effect)"
		dies_at "$1" "$n" run -a "$effect" question || died=no
		cp "$WORK/out" printed.jsonl
		survives
	done
}

# again_at_every CALL [STEP [FIRST]]: the process that goes on from what is set aside is killed there as well.
again_at_every() {
	step=${2:-1} died=yes
	n=$((${3:-1} - step))
	while [ "$died" = yes ]; do
		n=$((n + step))
		anew
		cp -R left/state "$XDG_STATE_HOME"
		cp left/effects.log .
		where="(killed with open calls, then at $1 number $n, $effect)"
		dies_at "$1" "$n" resume --all || died=no
		cat left/before.jsonl "$WORK/out" >printed.jsonl
		survives
	done
}

# Every synced write; every other write of the store, of a tool and of standard output. What a sanitizer slows down gets a share
# of those, another one for each effect.
share=1 part=0
if ldd "$EXECUTUS" | grep -qE 'lib[at]san'; then share=4; fi
killed=0 in_doubt=0 asked=0
for effect in pure keyed reconcilable unsafe; do
	anew
	where="(undisturbed, $effect)"
	gives 0 traced -o trace -e trace=fdatasync "$EXECUTUS" run -c conf.yaml -B "$TEST_BATTERIES" --jsonl -a "$effect" question
	cp "$WORK/out" printed.jsonl
	syncs=$(grep -c 'fdatasync(' trace)
	checks=$((checks + 1))
	[ "$syncs" -ge 4 ] || fail "only $syncs synced writes $where"
	equal "$told" "$(jq -r -s "$truth" printed.jsonl)" "the answer $where"
	lines_ok
	before=$killed
	part=$((part % share + 1))
	at_every fdatasync
	checks=$((checks + 1))
	[ $((killed - before)) -ge 3 ] || fail "was killed at $((killed - before)) synced writes only $where"
	at_every writev "$share" "$part"
	at_every pwrite64 "$share" "$part"
	at_every write "$share" "$part"
	[ "$effect" != pure ] || continue
	[ -e left ] || fail "was never killed between a call and its end $where"
	again_at_every fdatasync
	again_at_every pwrite64 "$share" "$part"
	again_at_every write "$share" "$part"
	rm -rf left
done
[ "$in_doubt" -gt 0 ] || fail "no unsafe call ever was in doubt, so none was hit"
[ "$asked" -gt 0 ] || fail "no tool ever was asked what had happened, so none was hit"
echo "killed $killed times"
