# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# clock.sh - the wall clock jumps a year forward, a day back, or stands still while runs go on: no time-out moves, nobody takes a run that is
# carried, what is recorded stays in order, and a run that was killed goes on.

fake=$TEST_BATTERIES/../tests/e2e/wall_clock.so
[ -e "$fake" ] || fail "$fake was not built"
# The sanitizers and a preloaded library do not get along.
if ldd "$EXECUTUS" | grep -q 'lib[at]san'; then
	exit 0
fi

cat >conf.yaml <<'END'
batteries:
  disk: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  trail: { so: audit_store.so }
  eye: { so: critic_stall.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
ports: { store: disk, checkpoint: journal, audit: [trail], critic: eye }
tiers: { talk: script/talk, wait: script/wait }
run: { lease: 2s }
agents:
  talk: { tier: talk, tools: [keyed], max_runtime: 20s }
  wait: { tier: wait, max_runtime: 1s, critic: false }
END
cat >script.yaml <<'END'
scripts:
  talk:
    - calls: [ { tool: keyed, args: { text: one } } ]
    - delay: 5s
      calls: [ { tool: keyed, args: { text: two } } ]
    - say: Done.
  wait:
    - delay: 60s
      say: Late.
END
x() { # COMMAND ARGUMENT...: by the true clock
	"$EXECUTUS" "$@" -c conf.yaml -B "$TEST_BATTERIES" </dev/null
}
fake() { # COMMAND ARGUMENT...: by the clock that the file `clock` sets
	WALL_CLOCK=$PWD/clock LD_PRELOAD=$fake \
		"$EXECUTUS" "$@" -c conf.yaml -B "$TEST_BATTERIES" </dev/null
}
# begun AGENT: in the background with a true clock, until its second turn has begun. Its id is $run, its process $pid.
begun() {
	echo +0 >clock
	rm -f facts.jsonl
	WALL_CLOCK=$PWD/clock LD_PRELOAD=$fake "$EXECUTUS" run -c conf.yaml -B "$TEST_BATTERIES" --jsonl -a "$1" question >facts.jsonl \
		2>carrier.err </dev/null &
	pid=$!
	children="$children $pid"
	until_true 20 grep -qs '"kind":"turn_started","step":'"$2" facts.jsonl
	run=$(sed -n '1s/.*"run":"\([^"]*\)".*/\1/p' facts.jsonl)
}

# A year forward, a day back, and standing still.
for jump in +31536000 -86400 =1582977600; do
	rm -rf "$XDG_STATE_HOME" effects.log
	begun talk 2
	echo "$jump" >clock
	gives 75 x resume "$run"
	sleep 2.5
	gives 75 x resume "$run"
	ends 0 "$pid"
	equal "one two" "$(cut -d' ' -f3 effects.log | tr '\n' ' ' | sed 's/ $//')" "effects with a clock at $jump"
	gives 0 x show --json "$run"
	holds '.[0] | .status == "ok" and .attempt == 1 and .run_ms >= 5000 and .run_ms < 20000' out
	gives 0 x show --facts --json "$run"
	holds '.[0] | map(.run_ms) == (map(.run_ms) | sort)' out
	gives 0 x audit verify
	gives 0 x store verify

	# Time is up when it is up, whatever the clock says.
	begun wait 1
	echo "$jump" >clock
	ends 6 "$pid"
	gives 0 x show --json "$run"
	holds '.[0] | .status == "timeout" and .run_ms >= 1000 and .run_ms < 20000' out

	# Who dies by such a clock is taken up by the true one, and the other way round.
	rm -f effects.log
	begun talk 2
	echo "$jump" >clock
	sleep 1
	kill -KILL "$pid"
	ends 137 "$pid"
	sleep 2.5
	gives 0 fake resume "$run"
	equal "one two" "$(cut -d' ' -f3 effects.log | tr '\n' ' ' | sed 's/ $//')" "effects behind a kill with a clock at $jump"
	gives 0 x show --json "$run"
	holds '.[0] | .status == "ok" and .attempt == 2 and .run_ms < 20000' out

	# Ids of one process rise, and new runs have other ids than old ones.
	gives 0 fake run -a talk --json again
	equal "" "$(x runs --json | jq -r '.[].run' | sort | uniq -d)" "ids that came twice"
done
