# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# run_storage.sh - a disk that is full, closed, or holds what is not understood: nothing that was told is lost.

conf() { # MORE OPTIONS OF THE STORE, OF THE RUN
	cat <<END
batteries:
  store: { so: store_lmdb.so$1 }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
ports: { store: store, checkpoint: journal }
tiers: { fast: script/any, quick: script/quick, large: script/large }
run: { lease: 2s$2 }
agents:
  slow: { tools: [keyed] }
  quick: { tier: quick }
  large: { tier: large, tools: [keyed], max_steps: 100000 }
END
}
brief=", storage_wait: 2s"
conf "" "$brief" >conf.yaml
cat >script.yaml <<'END'
scripts:
  any:
    - calls: [ { tool: keyed, args: { text: one } } ]
    - delay: 1500ms
      calls: [ { tool: keyed, args: { text: two } } ]
    - capture: [ { from: all, pattern: '^wrote .*', as: wrote, all: true, join: " and " } ]
      say: "I ${wrote}."
  quick:
    - say: "You said ${input}."
END
command_line() {
	"$EXECUTUS" "$@" -c conf.yaml -B "$TEST_BATTERIES" </dev/null
}
begun() {
	: >facts.jsonl
	"$EXECUTUS" run -c conf.yaml -B "$TEST_BATTERIES" --jsonl -a slow question >facts.jsonl 2>"$WORK/err" </dev/null &
	pid=$!
	children="$children $pid"
	until_true 20 grep -q '"kind":"turn_started","step":2' facts.jsonl
	run=$(sed -n '1s/.*"run":"\([^"]*\)".*/\1/p' facts.jsonl)
}
# goes_on: the run is taken up, does what is left, and every fact that was printed is still there.
goes_on() {
	gives 0 command_line resume "$run"
	equal "I wrote one and wrote two." "$(cat "$WORK/out")" "the answer after $1"
	equal "one two" "$(cut -d' ' -f3 effects.log | sort -u | tr '\n' ' ' | sed 's/ $//')" "effects after $1"
	equal "" "$(sort effects.log | uniq -d)" "effects that happened twice after $1"
	command_line show "$run" --facts --json | sed 's/^\[//; s/}[],]$/}/' >stored.jsonl
	head -n "$(wc -l <facts.jsonl)" stored.jsonl >told.jsonl
	gives 0 cmp told.jsonl facts.jsonl
	holds '[.[].seq] == [range(1; length + 1)] and .[-1].kind == "run_ended"' stored.jsonl
}

# ---- a disk that gets full ----
disk=$WORK/disk
mkdir disk
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=2m,mode=700 none "$disk" 2>/dev/null; then
	# shellcheck disable=SC2034 # for the end
	mounts=$disk
	XDG_STATE_HOME=$disk
	gives 0 command_line run -a quick first
	begun
	head -c 4m /dev/zero >"$disk/filler" 2>/dev/null || :
	ends 73 "$pid"
	says "store"
	says "executus resume $run"
	if grep -q run_ended facts.jsonl; then fail "an end was told that is not stored"; fi
	equal 1 "$(wc -l <effects.log)" "effects before the disk was full"
	# Still full: nothing begins, and what is there can be read.
	gives 73 command_line run -a quick second
	prints_nothing
	gives 73 command_line resume "$run"
	prints_nothing
	gives 0 command_line runs --open
	prints "$run"
	gives 0 command_line show "$run"
	rm "$disk/filler"
	goes_on "a full disk"

	# With room again in time it needs nobody.
	rm effects.log
	conf "" "" >conf.yaml
	cp script.yaml base.yaml
	long=$(head -c 90000 /dev/urandom | base64 -w 0)
	sed -i "s,delay: 1500ms,&\n      say: '$long'," script.yaml
	begun
	head -c 4m /dev/zero >"$disk/filler" 2>/dev/null || :
	until_true 20 grep -q "waits for its storage" "$WORK/err"
	sleep 4
	kill -0 "$pid" || fail "it did not wait for its storage"
	equal 1 "$(wc -l <effects.log)" "effects while it waits"
	rm "$disk/filler"
	until_true 5 grep -q '"kind":"run_ended"' facts.jsonl
	ends 0 "$pid"
	cp base.yaml script.yaml
	says "its storage takes its facts again"
	equal "one two" "$(cut -d' ' -f3 effects.log | tr '\n' ' ' | sed 's/ $//')" "effects of a run that waited"
	holds 'map(select(.kind == "run_resumed")) == []' facts.jsonl
	conf "" "$brief" >conf.yaml
	gives 0 command_line runs --json
	holds '.[0] | length >= 2 and any(.[]; .input == "first" and .status == "ok")' "$WORK/out"

	# A disk that may not be written.
	mount -o remount,ro "$disk"
	gives 3 command_line run -a quick second
	says "$disk"
	says_one_sentence
	prints_nothing
	mount -o remount,rw "$disk"
	gives 0 command_line run -a quick second
	umount "$disk"
	# shellcheck disable=SC2034
	mounts=
	XDG_STATE_HOME=$WORK/state
	rm -f effects.log
else
	echo "run_storage.sh: no small disk could be mounted: full and read-only disks are not tried here"
fi

# ---- a store that is full by its own limit ----
conf ", limit: 1m" "$brief" >conf.yaml
cp script.yaml base.yaml
# large DIGIT: a long text that was not there before, for one that comes again is stored once.
large() {
	cp base.yaml script.yaml
	{
		echo "  large:"
		echo "    - calls: [ { tool: keyed, args: { text: again } } ]"
		printf '      say: "'
		head -c 250000 /dev/zero | tr '\0' "$1"
		echo '"'
		echo "    - say: fits"
	} >>script.yaml
}
gives 0 command_line run -a quick first
code=0
for try in 1 2 3 4 5 6 7 8; do
	large "$try"
	command_line run -a large question >"$WORK/out" 2>"$WORK/err" || code=$?
	[ "$code" -eq 0 ] || break
done
equal 73 "$code" "exit status when the store is full, at try $try"
says "store"
prints_nothing
gives 0 command_line runs
prints "first"
# What ends or clears away still fits.
cp conf.yaml small.yaml
full=$(command_line runs -n 1 --json | jq -r '.[0].run')
gives 0 command_line hold "$full" because
gives 0 command_line release "$full"
cp -R "$XDG_STATE_HOME" kept
gives 0 command_line store prune --keep 1
gives 0 command_line run -a quick "there is room again"
rm -rf "$XDG_STATE_HOME"
mv kept "$XDG_STATE_HOME"
conf "" "$brief" >conf.yaml
gives 0 command_line resume --all
gives 0 command_line runs --open --json
equal "[]" "$(cat "$WORK/out")" "runs that are left open"
rm -rf "$XDG_STATE_HOME"
rm -f effects.log

# ---- a disk that does not sync any more: one more try, then the process stops and has told nothing ----
needs_strace
conf "" ", storage_wait: 1h" >conf.yaml
cp base.yaml script.yaml
: >facts.jsonl
code=0
traced -o trace -e trace=fdatasync -e inject=fdatasync:error=EIO:when=5+ timeout 60 \
	"$EXECUTUS" run -c conf.yaml -B "$TEST_BATTERIES" --jsonl -a slow question >facts.jsonl 2>"$WORK/err" || code=$?
equal 73 "$code" "exit status of a process whose disk does not sync"
says "opening it again"
says "it stays closed"
if grep -q run_ended facts.jsonl; then fail "an end was told that was not synced"; fi
run=$(sed -n '1s/.*"run":"\([^"]*\)".*/\1/p' facts.jsonl)
goes_on "a disk that did not sync"
rm -rf "$XDG_STATE_HOME"
rm -f effects.log
conf "" "$brief" >conf.yaml

# ---- folders that are closed ----
if [ "$(id -u)" -ne 0 ]; then
	gives 0 command_line run -a quick first
	for mode in 500 000; do
		chmod $mode "$XDG_STATE_HOME/executus/store"
		code=0
		command_line run -a quick second >"$WORK/out" 2>"$WORK/err" || code=$?
		case $code in 3 | 73) ;; *) fail "exit status $code with a store of mode $mode" ;; esac
		says "$XDG_STATE_HOME/executus/store"
		says_one_sentence
		prints_nothing
		chmod 700 "$XDG_STATE_HOME/executus/store"
	done
	rm -rf "$XDG_STATE_HOME"
fi

# ---- what is not understood ----
gives 0 command_line run -a quick first
file=$XDG_STATE_HOME/executus/store/data.mdb
cp "$file" good.mdb
at=$(LC_ALL=C grep -obUaF EXSTORE "$file" | head -n 1 | cut -d: -f1)
printf '\002' | dd of="$file" bs=1 seek=$((at + 8)) conv=notrunc 2>/dev/null
cp "$file" newer.mdb
for command in "run -a quick second" runs "resume --all" "store stat" check; do
	# shellcheck disable=SC2086 # words
	gives 3 command_line $command
	says "version 2"
	says "newer executus"
	says_one_sentence
	prints_nothing
	gives 0 cmp "$file" newer.mdb
done
head -c 8192 good.mdb >"$file"
for command in "run -a quick second" runs; do
	code=0
	# shellcheck disable=SC2086 # words
	command_line $command >"$WORK/out" 2>"$WORK/err" || code=$?
	case $code in 3 | 73) ;; *) fail "exit status $code with half a store" ;; esac
	says "$XDG_STATE_HOME/executus/store"
	says_one_sentence
	prints_nothing
done
head -c 65536 /dev/urandom >"$file"
cp "$file" random.mdb
code=0
command_line run -a quick second >"$WORK/out" 2>"$WORK/err" || code=$?
case $code in 3 | 73) ;; *) fail "exit status $code with a store that is none" ;; esac
says_one_sentence
gives 0 cmp "$file" random.mdb
cp good.mdb "$file"
gives 0 command_line runs
prints "first"

# ---- a run whose facts are damaged is named, and the others are not harmed ----
gives 0 command_line run -a quick second
run=$(command_line runs -n 1 --json | jq -r '.[0].run')
LC_ALL=C grep -obUaF "You said second" "$file" | cut -d: -f1 >places
while read -r at; do
	printf 'X' | dd of="$file" bs=1 seek="$at" conv=notrunc 2>/dev/null
done <places
gives 73 command_line show "$run"
says "$run"
gives 73 command_line resume "$run"
if grep -q "Xou said" "$WORK/out"; then fail "prints what is damaged as if it were not"; fi
