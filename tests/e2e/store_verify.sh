# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# store_verify.sh - what verify finds that a store by itself cannot know: rows that do not fit each other.

cat >conf.yaml <<'END'
state: state
batteries:
  rows: { so: flaky_store.so, path: rows, control: control, log: batches.log }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
ports: { store: rows, checkpoint: journal }
tiers: { fast: script/x }
agents: { plain: { prompt: Answer. } }
END
cat >script.yaml <<'END'
turns:
  - say: "a kept answer"
END
: >control
command_line() {
	"$EXECUTUS" "$@" -c conf.yaml -B "$TEST_BATTERIES" </dev/null
}
gives 0 command_line run question
run=$(command_line runs --json | jq -r '.[0].run')
gives 0 command_line hold "$run" "a reason"
gives 0 command_line store verify
prints "sound"
gives 0 command_line store verify --json
equal '{"findings":[],"runs":1}' "$(jq -c '{findings, runs}' "$WORK/out")" "what verify says of a sound store"
cp rows sound

# finds TEXT SED: with that change of the rows verify says so, in both forms.
finds() {
	cp sound rows
	LC_ALL=C sed -i "$2" rows
	checks=$((checks + 1))
	if cmp -s sound rows; then fail "nothing was changed by $2"; fi
	gives 73 command_line store verify
	prints "$1"
	prints ": damaged"
	gives 73 command_line store verify --json
	checks=$((checks + 1))
	jq -e --arg text "$1" 'any(.findings[]; .what + ": " + .why | contains($text))' "$WORK/out" >/dev/null || fail "--json lacks $1"
}
finds "$run: its head counts 9 facts, and " 's/\("fence":1,"seq":\)[0-9]/\19/g'
finds "k/head/$run: " 's/"fence":1,"seq"/"fence":1,"sex"/g'
finds "k/hold/$run: its version is 7" 's/{"v":1,"why"/{"v":7,"why"/g'
finds "k/hold/$run: " 's/{"v":1,"why"/{"v":1:"why"/g'
finds "fact 2: it is missing" "s,fact/$run/0000000000000002,fact/$run/000000000000000f,g"
finds "run '$run', fact" 's/a kept answer/a lost answer/g'
finds "$run: it has facts and no head" "s,k/head/$run,k/hexd/$run,g"
