# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# full.sh - a disk of 2 MiB that is full at each of many places, a store that is full by its own limit, one that may not be written,
# and one that is removed under a process. Nothing is told that is not stored, and with room again everything goes on.

# shellcheck source=tests/prove/kit.sh
. "$TREE/tests/prove/kit.sh"
in_memory

cat >conf.yaml <<'END'
batteries:
  store: { so: store_lmdb.so, limit: 1m }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
ports: { store: store, checkpoint: journal }
tiers: { fast: script/x }
run: { lease: 2s, attempts: 9, storage_wait: 3s }
agents: { a: { tools: [keyed] } }
END
# script: long texts, none of which was there before: one that comes again is stored once.
script() {
	echo "turns:"
	for turn in 1 2 3 4 5 6 7 8; do
		echo "  - { say: '$(head -c 22500 /dev/urandom | base64 -w 0)', calls: [ { tool: keyed, args: { text: t$turn } } ] }"
	done
	echo "  - say: Done."
}
script >script.yaml

# told: all that was told is stored, once the run went on; it has one end, each effect has one key.
told() {
	run_of out.jsonl
	[ -n "$run" ] || return 0
	gives 0 x resume --all -q
	x show --facts --json "$run" >after.json
	jq -n -e --rawfile told out.jsonl --slurpfile a after.json '$a[0] as $a
		| [$told | split("\n")[:-1][] | fromjson | select(.seq)] | all(.[]; $a[.seq - 1] == .)' >/dev/null || fail "a fact that was told is lost $where"
	holds '.[0] | ([.[].seq] == [range(1; length + 1)]) and .[-1].body.output == "Done."' after.json
	equal 8 "$(sort -u effects.log | wc -l)" "effects, each with one key $where"
}
# asks: one run; 0 with its end, or 3 or 73 and a sentence.
asks() {
	code=0
	x run -a a question --jsonl >out.jsonl 2>"$WORK/err" || code=$?
	case $code in
	0) holds '.[-1].kind == "run_ended" and .[-1].body.status == "ok"' out.jsonl ;;
	3 | 73)
		refused=$((refused + 1))
		says store
		if grep -q run_ended out.jsonl; then fail "an end was told that is not stored $where"; fi
		;;
	*) fail "exit status $code $where" ;;
	esac
}

# ---- a disk of 2 MiB ----

disks=0 refused=0
disk=$WORK/disk
mkdir disk
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=2m,mode=700 none "$disk" 2>/dev/null; then
	# shellcheck disable=SC2034 # for the end
	mounts=$disk
	export XDG_STATE_HOME="$disk"
	step=${quick:+100}
	step=${step:-4}
	left=$((4 * shard))
	while [ "$left" -le 900 ]; do
		where="(with $left KiB left on the disk)"
		rm -rf "${disk:?}"/* effects.log
		: >effects.log
		head -c $(((2048 - left) * 1024)) /dev/zero >"$disk/filler"
		asks
		rm "$disk/filler"
		told
		disks=$((disks + 1))
		left=$((left + step * shards))
	done
	rm -rf "${disk:?}"/*
	mount -o remount,ro "$disk"
	where="(a disk that may not be written)"
	asks
	equal 3 "$code" "exit status $where"
	mount -o remount,rw "$disk"
	umount "$disk"
	# shellcheck disable=SC2034
	mounts=
	export XDG_STATE_HOME="$WORK/state"
	[ "$refused" -gt 3 ] || fail "only $refused runs met the end of the disk"
else
	echo "full.sh: no small disk could be mounted: full disks are not tried here"
fi
counted "disks of 2 MiB, full at as many places, each gone on with" "$disks"
counted "of them with a run that had to stop, and said why" "$refused"

# ---- a store that is full by its own limit ----

refused=0 where="(a store that is full)"
rm -rf "$XDG_STATE_HOME"
: >effects.log
for try in 1 2 3 4 5 6 7 8 9; do
	script >script.yaml
	asks
	[ "$code" -eq 0 ] || break
done
equal 73 "$code" "exit status at try $try $where"
sed -i 's/limit: 1m/limit: 64m/' conf.yaml
: >effects.log
gives 0 x resume --all -q
gives 0 x runs --open --json
equal "[]" "$(cat "$WORK/out")" "runs that are left open $where"

# ---- a store that is removed under a process ----

rm -rf "$XDG_STATE_HOME"
sed -i '4s/{ say/{ delay: 1s, say/' script.yaml
# It waits for its storage as long as it may.
sed -i 's/tools: \[keyed\]/&, max_runtime: 3s/' conf.yaml
: >out.jsonl
x run -a a question --jsonl >out.jsonl 2>"$WORK/err" &
pid=$!
children="$children $pid"
until_true 20 grep -q '"kind":"turn_started","step":3' out.jsonl
rm -rf "$XDG_STATE_HOME"
code=0
wait "$pid" || code=$?
equal 73 "$code" "exit status of a run whose store is gone"
says "was removed while it was open"
if grep -q '"kind":"run_ended"' out.jsonl; then fail "an end was told of a run whose store is gone"; fi
counted "stores that were full, closed or removed, each refused with its reason" 3
