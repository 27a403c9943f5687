# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# power.sh - the power fails: thousands of disks as they may be then, with all that was synced and any part of what was not. Each
# opens, and has every fact that was told.

# shellcheck source=tests/prove/kit.sh
. "$TREE/tests/prove/kit.sh"
in_memory
serve_effects

cat >conf.yaml <<END
batteries:
  store: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: remote.so, port: $effect_port }
  book: { so: audit_store.so }
  purse: { so: budget_ledger.so, limits: [ { name: cap, scope: caller, unit: tokens, max: 100000000, per: 7d } ] }
ports: { store: store, checkpoint: journal, audit: [book], budget: purse }
tiers: { fast: script/long }
run: { lease: 2s, attempts: 5 }
agents: { a: { tools: [pure, keyed] } }
END
{
	echo "turns:"
	for turn in 1 2 3 4 5 6 7 8; do
		echo "  - calls: [ { tool: keyed, args: { text: t$turn } }, { tool: pure, args: { text: p$turn } } ]"
	done
	echo '  - say: "I came to the end."'
} >script.yaml

# recorded LOG: two processes, one after the other, each with a run; every change of the store and every fact that was told.
recorded() {
	rm -rf "$XDG_STATE_HOME" "$1" told.jsonl
	mkdir -m 700 "$XDG_STATE_HOME"
	for question in one two; do
		POWER_DIR=$XDG_STATE_HOME POWER_TOLD=$WORK/told.jsonl POWER_LOG=$WORK/$1 POWER_MUTANT=${2:-} \
			LD_PRELOAD=$tools/power_log.so "$EXECUTUS" run -a a --jsonl $question -c conf.yaml -B "$TEST_BATTERIES" \
			</dev/null >>told.jsonl 2>"$WORK/err" || fail "the process that is recorded ended with $?"
	done
	equal 2 "$(grep -c '"kind":"run_ended"' told.jsonl)" "ends that were told"
}

images() { # LOG IMAGES SEED
	"$tools/power_images" "$1" "$XDG_STATE_HOME" "$WORK/image" "$2" "$3" "I came to the end." -- \
		"$EXECUTUS" -c conf.yaml -B "$TEST_BATTERIES" </dev/null 2>images.err
}

goal=${quick:+200}
goal=$((${goal:-12000} / shards))
recorded log
images log "$goal" "$shard" >"$WORK/out" || fail "an image is not what it should be: $(tail -n 3 images.err)"
read -r events made told resumed dropped torn whole <"$WORK/out"

# A store that does not sync would not survive this.
recorded mutant.log fdatasync
if images mutant.log 2000 "$shard" >mutant.out; then fail "without fdatasync all images are sound: this proves nothing"; fi
grep -q '^image ' mutant.out || fail "the images without fdatasync could not be made"
echo "without fdatasync: $(cat mutant.out)"

[ "$shard" -ne 1 ] || counted "events in the log that is cut" "$events"
counted "images, each opened" "$made"
counted "of them with facts that were told, every one held" "$told"
counted "of them gone on with to the same end" "$resumed"
counted "later writes that were dropped" "$dropped"
counted "later writes that were torn" "$torn"
counted "later writes that were kept" "$whole"
counted "a store without fdatasync, caught" 1
