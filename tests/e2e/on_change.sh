# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# on_change.sh - a run is taken up by a process with another conf: told, or refused, as run.on_change says.

conf() { # PROMPT TOOLS ON_CHANGE
	cat <<END
batteries:
  disk: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
ports: { store: disk, checkpoint: journal }
tiers: { fast: script/x }
run: { lease: 2s$3 }
agents: { a: { prompt: "$1", tools: [$2] } }
END
}
x() { # COMMAND ARGUMENT...
	verb=$1
	shift
	"$EXECUTUS" "$verb" -c conf.yaml -B "$TEST_BATTERIES" "$@"
}
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: pure, args: { text: one, how: kill_after } } ]
  - say: Done.
END
# dies: a run that was killed in its first call; its id is in $run.
dies() {
	rm -rf "$XDG_STATE_HOME" effects.log effects.log.died
	conf "Be brief." "pure, keyed" "" >conf.yaml
	gives 137 x run "go"
	run=$(x runs --json | jq -r '.[0].run')
}
resumed() {
	x show --facts --json "$run" | jq -c '[.[] | select(.kind == "run_resumed")][-1].body.changed'
}

# Nothing changed: nothing is said.
dies
gives 0 x resume "$run"
equal '[]' "$(resumed)" "what changed"

# By default it goes on, and both the log and the facts tell.
dies
conf "Be long." "pure, keyed" "" >conf.yaml
gives 0 x resume "$run"
says "run $run goes on, but not with the same: agent"
equal '["agent"]' "$(resumed)" "what changed"

# Refused: nothing is recorded, the run stays as it was, and the person may say otherwise.
dies
conf "Be long." "pure" ", on_change: refuse" >conf.yaml
gives 3 x resume "$run"
says "run $run was made with other: agent; put back what it was, or go on with --accept-changes"
gives 3 x resume --all
equal null "$(resumed)" "what was recorded"
conf "Be brief." "pure, keyed" ", on_change: refuse" >conf.yaml
gives 0 x resume "$run"
equal '[]' "$(resumed)" "what changed once it was put back"

dies
conf "Be brief." "pure, keyed" ", on_change: refuse" >conf.yaml
sed -i 's|^ports:|  more: { so: critic.so, log: critic.log }\nports:|' conf.yaml
gives 3 x resume "$run"
says "was made with other: batteries"
gives 0 x resume --accept-changes "$run"
equal '["batteries"]' "$(resumed)" "what changed"

# Forked: what it was stays what it was and ends, a new run goes on from the last whole step as it is made now.
dies
conf "Be long." "pure" ", on_change: fork" >conf.yaml
gives 0 x resume --json "$run"
fork=$(x runs --json | jq -r '.[0].run')
holds ".[0] | .run == \"$fork\" and .status == \"ok\" and .output == \"Done.\"" out
[ "$fork" != "$run" ] || fail "it was not forked"
gives 0 x show --json "$fork"
holds ".[0] | .forked_from == \"$run\" and .forked_step == 0 and .attempt == 1" out
gives 0 x show --json "$run"
holds ".[0] | .status == \"cancelled\" and (.error | test(\"goes on as run $fork\"))" out
gives 0 x resume --all
gives 0 x store verify
equal 2 "$(x runs --json | jq length)" "runs"

# What it goes on as is there already: that one is retried.
conf "Be odd." "pure" ", on_change: fork" >conf.yaml
gives 3 x resume --retry "$run"
says "run $run goes on as run $fork: retry that one"

# A step that has begun to change something is not asked for again.
dies
conf "Be brief." "pure, keyed" "" >conf.yaml
rm -rf "$XDG_STATE_HOME" effects.log effects.log.died
sed -i 's/tool: pure/tool: keyed/' script.yaml
gives 137 x run "go"
run=$(x runs --json | jq -r '.[0].run')
conf "Be long." "pure, keyed" ", on_change: fork" >conf.yaml
gives 3 x resume "$run"
says "run $run was made with other: agent; its last step has not ended and has calls with effects"
gives 0 x resume --accept-changes "$run"
equal 1 "$(x runs --json | jq length)" "runs"

# Whoever is killed between the two leaves one to go on and one to end.
sed -i 's/tool: keyed/tool: pure/' script.yaml
for n in 1 2 3 4 5 6; do
	dies
	conf "Be long." "pure" ", on_change: fork" >conf.yaml
	killed_at fdatasync "$n" "$EXECUTUS" resume -c conf.yaml -B "$TEST_BATTERIES" "$run" || :
	x resume --all >"$WORK/out" 2>"$WORK/err" || :
	x resume --all >"$WORK/out" 2>"$WORK/err" || :
	gives 0 x runs --json
	holds ".[0] | length == 2 and .[0].status == \"ok\" and .[0].forked_from == \"$run\" and .[1].status == \"cancelled\"" out
	gives 0 x store verify
done

conf "Be brief." "pure" ", on_change: sometimes" >conf.yaml
gives 3 x check
says "conf.yaml:8:30: run: 'on_change': 'sometimes'"
