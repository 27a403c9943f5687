# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# store_commands.sh - backup, restore, verify, compact, prune and hold with the real command.

conf() { # STATE RETENTION
	cat <<END
state: $1
batteries:
  disk: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
ports: { store: disk, checkpoint: journal }
tiers: { wait: script/wait, quick: script/quick }
run: { lease: 2s }
agents:
  quick: { tier: quick, tools: [keyed] }
  wait: { tier: wait }
$2
END
}
conf state "" >conf.yaml
conf other "" >other.yaml
cat >script.yaml <<'END'
scripts:
  quick:
    - calls: [ { tool: keyed, args: { text: quick } } ]
    - say: "Result: ${result}"
  wait:
    - delay: 60s
      say: Late.
END
command_line() {
	"$EXECUTUS" "$@" -c conf.yaml -B "$TEST_BATTERIES" </dev/null
}
other() {
	"$EXECUTUS" "$@" -c other.yaml -B "$TEST_BATTERIES" </dev/null
}
# begun: a run in the background until its turn has begun. Its id is $run, its process $pid.
begun() {
	: >facts.jsonl
	"$EXECUTUS" run -c conf.yaml -B "$TEST_BATTERIES" --jsonl -a wait question >facts.jsonl 2>carrier.err </dev/null &
	pid=$!
	children="$children $pid"
	until_true 20 grep -q '"kind":"turn_started"' facts.jsonl
	run=$(sed -n '1s/.*"run":"\([^"]*\)".*/\1/p' facts.jsonl)
}
newest() {
	command_line runs -n 1 --json | jq -r '.[0].run'
}
count() { # COMMAND: how many runs it lists
	"$1" runs --json | jq length
}

# ---- backup while a run goes on, and restore elsewhere ----
gives 0 command_line run -a quick one
first=$(newest)
begun
gives 0 command_line store backup copy.mdb
prints "copy.mdb"
equal "$(stat -c %s copy.mdb)" "$(sed 's/.*: \([0-9]*\) bytes/\1/' "$WORK/out")" "the bytes that backup names"
is_absent copy.mdb.part
gives 73 command_line store backup copy.mdb
says "is there already"
says_one_sentence

gives 73 command_line store backup nowhere/copy.mdb
says "nowhere/copy.mdb"

gives 0 other store restore copy.mdb
prints "restored"
gives 0 other store verify
prints "sound"
for form in "" --transcript --facts; do
	# shellcheck disable=SC2086 # an empty word is no argument
	command_line show --json $form "$first" >here.json
	# shellcheck disable=SC2086
	other show --json $form "$first" >there.json
	gives 0 cmp here.json there.json
done
equal 2 "$(count other)" "runs in the store that was restored"

# Not into a store that is not empty, unless forced; then the old rows are beside it.
gives 0 other run -a quick "only here"
gives 73 other store restore copy.mdb
says "is not empty"
equal 3 "$(count other)" "runs behind a restore that was refused"
gives 0 other store restore --force copy.mdb
says "is in"
equal 2 "$(count other)" "runs behind a restore that was forced"
for kept in other/disk.before-*.mdb; do :; done
gives 0 other store restore --force "$kept"
equal 3 "$(count other)" "runs of the copy that was kept"

# Not while a process carries runs of the store.
gives 75 command_line store restore --force copy.mdb
says "carries runs of this store"
equal 2 "$(count command_line)" "runs of the store that was in use"

# What is no copy, or a damaged one, changes nothing.
head -c 100000 /dev/zero >zero.mdb
head -c 20000 copy.mdb >cut.mdb
for bad in zero.mdb cut.mdb missing.mdb; do
	code=0
	other store restore --force $bad >"$WORK/out" 2>"$WORK/err" || code=$?
	checks=$((checks + 1))
	[ $code -ne 0 ] || fail "$bad was restored"
	says "$bad"
	equal 3 "$(count other)" "runs behind $bad"
done
for kept in other/disk.before-*.mdb; do checks=$((checks + 1)); done
gives 0 other store verify --json
equal '[]' "$(jq -c .findings "$WORK/out")" "findings"

# ---- prune: nothing that goes on, nothing that is held ----
gives 2 command_line store prune
says "nothing says which runs may go"
gives 2 command_line store prune --agent quick
says "add --older-than"
gives 2 command_line store prune --older-than 3
gives 2 command_line store prune --keep 1 --status parked
says "no run ends with 'parked'"
gives 2 command_line store prune --keep 1 --status ok,eror
says "no run ends with 'eror'"
gives 0 command_line store prune --keep 1 --status error,cancelled
prints_nothing
gives 0 command_line run -a quick two
second=$(newest)
gives 0 command_line run -a quick three
third=$(newest)
gives 0 command_line hold "$first" "case 4711"
gives 0 command_line show "$first"
prints "case 4711"
gives 0 command_line runs --json
equal "$first" "$(jq -r '.[] | select(.held) | .run' "$WORK/out")" "what is held"
gives 0 command_line store prune --keep 1 --dry-run
prints "would go"
prints "$second"
prints "it is held"
equal 4 "$(count command_line)" "runs behind a dry run"
gives 0 command_line store prune --keep 1 --json
equal "$second" "$(jq -r '.[] | select(.gone) | .run' "$WORK/out")" "what went"
equal "$first" "$(jq -r '.[] | select(.gone | not) | .run' "$WORK/out")" "what stayed"
equal "$third $run $first" "$(command_line runs --json | jq -r '[.[].run] | join(" ")')" "runs behind a prune"
gives 1 command_line show "$second"
gives 1 command_line hold "$second"
says "there is no run"
gives 1 command_line release "$third"
says "is not held"
gives 0 command_line store verify
prints "sound"

# By the conf, and for one agent only.
conf state "retention: [ { keep: 1, agent: quick }, { older_than: 100d } ]" >conf.yaml
gives 0 command_line store prune
equal 3 "$(count command_line)" "runs while one is held"
gives 0 command_line release "$first"
gives 0 command_line store prune
prints "gone"
equal "$third $run" "$(command_line runs --json | jq -r '[.[].run] | join(" ")')" "runs behind a release"
conf state "retention: [ { agent: quick } ]" >bad.yaml
gives 3 "$EXECUTUS" store prune -c bad.yaml -B "$TEST_BATTERIES"
says "bad.yaml:13:14:"

# ---- compact: not beside another process, and nothing is lost ----
gives 75 command_line store compact
says "another process has the store"
kill -9 "$pid"
wait "$pid" 2>/dev/null || :
gives 0 command_line store compact
prints "bytes, before"
is_absent state/disk/data.mdb.compact
equal 2 "$(count command_line)" "runs behind a compact"

# ---- killed in the middle: sound again, and the next one finishes ----
for i in 1 2 3 4 5 6 7 8; do
	gives 0 command_line run -a quick "for the kill $i"
done
for pause in 0.004 0.008 0.012 0.016 0.02 0.03; do
	for verb in "prune --keep 2" compact "backup kill-$pause.mdb"; do
		# shellcheck disable=SC2086 # several words
		"$EXECUTUS" store $verb -c conf.yaml -B "$TEST_BATTERIES" >/dev/null 2>&1 </dev/null &
		killed=$!
		sleep $pause
		kill -9 $killed 2>/dev/null || :
		wait $killed 2>/dev/null || :
		gives 0 command_line store verify
		prints "sound"
	done
done
gives 0 command_line store prune --keep 2
gives 0 command_line store compact
gives 0 command_line store verify
equal 3 "$(count command_line)" "runs in the end"
gives 5 sh -c "'$EXECUTUS' cancel -q '$run' -c conf.yaml -B '$TEST_BATTERIES' && '$EXECUTUS' resume '$run' -c conf.yaml -B '$TEST_BATTERIES' </dev/null"

# ---- a store that cannot do it says so ----
conf state "" | sed 's/store_lmdb.so/store_memory.so/' >memory.yaml
for verb in "backup x.mdb" "restore x.mdb" compact fsck; do
	code=0
	# shellcheck disable=SC2086 # several words
	"$EXECUTUS" store $verb -c memory.yaml -B "$TEST_BATTERIES" >"$WORK/out" 2>"$WORK/err" </dev/null || code=$?
	checks=$((checks + 1))
	[ $code -ne 0 ] || fail "a store in memory did: $verb"
	says "store 'disk'"
	prints_nothing
done
is_absent x.mdb

# ---- damage is named ----
printf 'X' | dd of=state/disk/data.mdb bs=1 seek="$(grep -abo '"fence"' state/disk/data.mdb | sed -n '1s/:.*//p')" conv=notrunc 2>/dev/null
gives 73 command_line store verify
prints "damaged"
# A page whose kind is not what the tree says: fsck sees it without reading through it.
gives 0 command_line store fsck
prints "sound"
# Some of the pages with a head in them are free, and what is in those does not matter.
grep -abo 'k/head/' state/disk/data.mdb | cut -d: -f1 >places
while read -r at; do
	printf '\377' | dd of=state/disk/data.mdb bs=1 seek=$((at / 4096 * 4096 + 10)) conv=notrunc 2>/dev/null
done <places
gives 73 command_line store fsck
prints "page"
prints "damaged"
gives 73 command_line store fsck --json
holds '.[0] | (.findings | length >= 1) and (.notes | length == 1)' "$WORK/out"
