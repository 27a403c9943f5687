# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# critic.sh - the shipped critic over real runs: loops are nudged and killed, idle runs extended, and without it time is hard.

conf() { # PORTS OPTIONS
	cat <<END
batteries:
  disk: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
  eye: { so: critic_stall.so$2 }
ports: { store: disk, checkpoint: journal$1 }
tiers: { loop: script/loop, late: script/late, never: script/never }
agents:
  loop: { tier: loop, tools: [pure], max_same_calls: 50, max_steps: 40 }
  late: { tier: late, max_runtime: 1s }
  never: { tier: never, max_runtime: 1s }
END
}
cat >script.yaml <<'END'
scripts:
  loop:
END
i=0
while [ "$i" -lt 30 ]; do # every other pair of calls breaks the pattern
	cat >>script.yaml <<'END'
    - delay: 150ms
      calls: [ { tool: pure, args: { text: again } } ]
    - delay: 150ms
      calls: [ { tool: pure, args: { text: again } } ]
    - delay: 150ms
      calls: [ { tool: pure, args: { text: again } } ]
    - delay: 150ms
      calls: [ { tool: pure, args: { text: other } } ]
END
	i=$((i + 1))
done
cat >>script.yaml <<'END'
    - say: Out at last.
  late:
    - delay: 2s
      say: Late but here.
  never:
    - delay: 60s
      say: Never.
END
ask() { # CODE AGENT
	gives "$1" "$EXECUTUS" run -c conf.yaml -B "$BATTERIES" -B "$TEST_BATTERIES" --agent "$2" --json "go"
}

# A loop: told first, killed when it comes again, and every decision is a fact with its reason.
conf ", critic: eye" ", nothing_new: 0, ping_pong: 0" >conf.yaml
ask 7 loop
run=$(jq -r .run out)
gives 0 "$EXECUTUS" show -c conf.yaml -B "$BATTERIES" -B "$TEST_BATTERIES" --facts --json "$run"
grep -q '"what":"nudge".*same call' out || fail "the loop was not told"
grep -q '"what":"kill".*same call' out || fail "the kill has no reason"

# An idle run gets more time once, and ends well.
conf ", critic: eye" ", extend: 5s" >conf.yaml
ask 0 late
run=$(jq -r .run out)
gives 0 "$EXECUTUS" show -c conf.yaml -B "$BATTERIES" -B "$TEST_BATTERIES" --facts --json "$run"
grep -q '"what":"extend"' out || fail "it was not extended"

# One that stays idle is killed; without a critic the time is hard.
conf ", critic: eye" ", idle: 500ms, on_idle: [kill]" >conf.yaml
ask 7 never
conf "" "" >conf.yaml
ask 6 never

# A word that it does not know has a place.
conf ", critic: eye" ", on_idle: [panic]" >conf.yaml
gives 3 "$EXECUTUS" check -c conf.yaml -B "$BATTERIES" -B "$TEST_BATTERIES"
grep -q "conf.yaml:6:.*'on_idle' does not know the word 'panic'" err || fail "no place"
