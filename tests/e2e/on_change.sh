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

conf "Be brief." "pure" ", on_change: sometimes" >conf.yaml
gives 3 x check
says "conf.yaml:8:30: run: 'on_change': 'sometimes'"
