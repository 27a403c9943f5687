# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# run_redact.sh - keys are nowhere, and what run.redact fits is shown by no command that looks back.

cat >conf.yaml <<'END'
batteries:
  store: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  safe: { so: safe.so, log: safe.log, key: $env:SAFE_KEY }
ports: { store: store, checkpoint: journal }
tiers: { fast: script/x }
agents: { plain: { tools: [leak], prompt: Room 55-66. } }
run: { redact: ['[0-9]+-[0-9]+'] }
END
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: leak, args: { text: 77-88 } } ]
  - say: "order 12-34 is on its way"
END
export SAFE_KEY=sk-live-0123456789

# lacks FILE WORDS: none of them stands in it.
lacks() {
	checks=$((checks + 1))
	if grep -E "$2" "$1"; then fail "$1 tells $2"; fi
}

gives 0 "$EXECUTUS" run -c conf.yaml -B "$TEST_BATTERIES" --jsonl "where is 99-11 of $SAFE_KEY?"
lacks "$WORK/out" '12-34|99-11|77-88|55-66|sk-live'
id=$(jq -r .run "$WORK/out" | head -n 1)
gives 0 "$EXECUTUS" run -c conf.yaml -B "$TEST_BATTERIES" "again"
equal "order 12-34 is on its way" "$(cat "$WORK/out")" "the answer itself is whole"

for form in "" --transcript --facts; do
	for json in "" --json; do
		# shellcheck disable=SC2086 # an empty word is no argument
		gives 0 "$EXECUTUS" show -c conf.yaml -B "$TEST_BATTERIES" $form $json "$id"
		lacks "$WORK/out" '12-34|99-11|77-88|55-66|sk-live'
		checks=$((checks + 1))
		grep -q 'redacted' "$WORK/out" || fail "show $form $json shows nothing redacted"
	done
done
