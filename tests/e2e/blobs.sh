# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# blobs.sh - long bodies are kept once, go with the last run that needs them, and are never lost by a kill.

conf() { # STORE
	cat <<END
state: state
batteries:
  disk: { so: $1 }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fs: { so: tool_fs.so, root: work }
ports: { store: disk, checkpoint: journal }
tiers: { twice: script/twice, once: script/once }
run: { lease: 1s }
agents:
  twice: { tier: twice, tools: [read_file] }
  once: { tier: once, tools: [read_file] }
END
}
conf store_lmdb.so >conf.yaml
cat >script.yaml <<'END'
scripts:
  twice:
    - calls: [ { tool: read_file, args: { path: long } }, { tool: read_file, args: { path: long } } ]
    - say: "Read."
  once:
    - calls: [ { tool: read_file, args: { path: long } } ]
    - say: "Read."
END
mkdir work
seq 40000 | head -c 200000 >work/long
command_line() {
	"$EXECUTUS" "$@" -c conf.yaml -B "$TEST_BATTERIES" </dev/null
}
newest() {
	command_line runs -n 1 --json | jq -r '.[0].run'
}
sound() {
	gives 0 command_line store verify
	prints "sound"
}

# ---- the same result in six facts of four runs is kept once ----
gives 0 command_line run -a twice one
first=$(newest)
command_line show --facts --json "$first" >first.json
holds '.[0] | [.[] | select(.kind == "call_ended") | .body | tostring | length > 200000] == [true, true]' first.json
gives 0 command_line run -a twice two
for i in 1 2; do gives 0 command_line run -a once "more $i"; done
last=$(newest)
gives 0 command_line store compact
size=$(stat -c %s state/disk/data.mdb)
checks=$((checks + 1))
[ "$size" -lt 450000 ] || fail "six facts with 200000 equal bytes take $size bytes"
sound

# ---- it stays as long as one run needs it ----
command_line show --facts --json "$last" >last.json
gives 0 command_line store prune --keep 1
sound
command_line show --facts --json "$last" >later.json
gives 0 cmp last.json later.json
gives 0 command_line hold "$last" "not yet"
gives 0 command_line run -a once other
gives 0 command_line store prune --keep 1
sound
gives 0 command_line release "$last"

# ---- killed at any time, while others write the same: sound, and the next prune leaves nothing ----
i=0
for pause in 0.003 0.006 0.009 0.012 0.015 0.02 0.03 0.04; do
	i=$((i + 1))
	for n in 1 2 3; do gives 0 command_line run -a twice "kill $i $n"; done
	command_line store prune --keep 1 >/dev/null 2>&1 &
	pruning=$!
	"$EXECUTUS" run -a twice "beside $i" -c conf.yaml -B "$TEST_BATTERIES" >/dev/null 2>&1 </dev/null &
	writing=$!
	sleep $pause
	kill -9 $pruning $writing 2>/dev/null || :
	wait $pruning $writing 2>/dev/null || :
	sound
done
sleep 1
gives 0 command_line resume --all
sound
gives 0 command_line run -a once last
gives 0 command_line store prune --keep 1
sound
equal 1 "$(command_line runs --json | jq length)" "runs in the end"

# ---- rows that do not fit are named ----
rm -rf state
conf "flaky_store.so, path: rows, control: control, log: batches.log" >conf.yaml
: >control
gives 0 command_line run -a twice one
sound
cp rows whole
# finds TEXT SED
finds() {
	cp whole rows
	LC_ALL=C sed -i "$2" rows
	checks=$((checks + 1))
	if cmp -s whole rows; then fail "nothing was changed by $2"; fi
	gives 73 command_line store verify
	prints "$1"
}
finds "has no count that can be read, and a fact refers to it" 's,b/journal/ref/,b/journal/rex/,g'
finds "is missing or a part of it" 's,b/journal/blob/,b/journal/blab/,g'
finds "is damaged; restore the store from a copy" 's,12345,12354,g'
