# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# store_fixture.sh - the stores that earlier schemas wrote are shown, carried on and pruned by this release.

export POST_HOW=ok
command_line() {
	"$EXECUTUS" "$@" -c executus.yaml -B "$TEST_BATTERIES" </dev/null
}
id_of() { # INPUT
	jq -r --arg input "$1" '.[] | select(.input == $input) | .run' "$kept/runs.json"
}

found=0
for kept in "$TREE"/tests/fixtures/store-v*; do
	found=$((found + 1))
	rm -rf state post.log
	cp "$kept/executus.yaml" "$kept/script.yaml" .
	chmod 600 executus.yaml script.yaml
	mkdir -p state/disk files
	chmod 700 state state/disk
	cp "$kept/store.mdb" state/disk/data.mdb
	chmod 600 state/disk/data.mdb

	gives 0 command_line runs --json
	equal "$(jq -S . "$kept/runs.json")" "$(jq -S . "$WORK/out")" "runs of $kept"
	gives 0 command_line store verify
	prints "5 runs"
	prints "sound"
	gives 0 command_line show "$(id_of "one that ended")"
	equal "The answer of a kept store." "$(tail -n 1 "$WORK/out")" "the answer of a run that ended"
	gives 0 command_line show "$(id_of "one that is held")"
	prints "a fixture"
	gives 0 command_line show --transcript "$(id_of "one that was left")"

	# The same file as a backup.
	rm -rf state
	gives 0 command_line store restore "$kept/store.mdb"
	gives 0 command_line runs --json
	equal "$(jq -S . "$kept/runs.json")" "$(jq -S . "$WORK/out")" "runs of $kept, restored"

	# What was left, died and is owed is brought to its end.
	gives 0 command_line resume "$(id_of "one that was left")"
	equal "Late, but here." "$(cat "$WORK/out")" "the answer of a run that was left"
	gives 0 command_line resume --all
	gives 0 command_line show "$(id_of "one whose process died")"
	equal "Late, but here." "$(tail -n 1 "$WORK/out")" "the answer of a run whose process died"
	until_true 20 grep -q "The answer of a kept store." post.log
	equal 1 "$(wc -l <post.log)" "deliveries"
	gives 0 command_line runs --open --json
	equal "[]" "$(cat "$WORK/out")" "open runs"

	gives 0 command_line store prune --keep 1
	prints "it is held"
	equal 2 "$(command_line runs --json | jq length)" "runs that stay"
	gives 0 command_line store verify
	prints "sound"
done
checks=$((checks + 1))
[ $found -gt 0 ] || fail "no store is kept"

# ---- a newer one is refused with a sentence, and left as it is ----
rm -rf state
mkdir -p state/disk
chmod 700 state state/disk
cp "$TREE/tests/fixtures/store-v1/store.mdb" newer.mdb
at=$(grep -abo EXSTORE newer.mdb | sed -n '1s/:.*//p')
printf '\002' | dd of=newer.mdb bs=1 seek=$((at + 8)) conv=notrunc 2>/dev/null
cp newer.mdb state/disk/data.mdb
chmod 600 state/disk/data.mdb
for command in runs "store verify" "store stat" "store prune --keep 1"; do
	# shellcheck disable=SC2086 # two words
	gives 3 command_line $command
	says "has version 2, this battery reads version 1: use a newer executus"
	prints_nothing
done
gives 0 cmp newer.mdb state/disk/data.mdb
rm -rf state
checks=$((checks + 1))
if command_line store restore newer.mdb 2>"$WORK/err"; then fail "a newer store was restored"; fi
says "use a newer executus"
