# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# audit_store.sh - the trail in the store, from outside: it survives a kill, can be asked, and tells what was done to it.

cat >conf.yaml <<'END'
batteries:
  disk: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  trail: { so: audit_store.so }
  lines: { so: audit_jsonl.so, path: lines.jsonl }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
ports: { store: disk, checkpoint: journal, audit: [lines, trail] }
tiers: { say: script/say, fail: script/fail, act: script/act }
run: { lease: 2s, attempts: 5 }
agents:
  talker: { tier: say }
  loser: { tier: fail }
  doer: { tier: act, tools: [keyed] }
END
cat >script.yaml <<'END'
scripts:
  say:
    - say: Done.
      usage: { in: 30, out: 3, cost_micro: 250000 }
  fail:
    - fail: { class: permanent, text: no luck }
  act:
    - calls: [ { tool: keyed, args: { text: one, how: kill_after } } ]
    - say: Acted.
END
x() { # COMMAND ARGUMENT...
	"$EXECUTUS" "$@" -c conf.yaml -B "$TEST_BATTERIES"
}
tamper() { # WHAT KEY...
	"$(dirname "$EXECUTUS")/tests/e2e/store_row" conf.yaml "$BATTERIES" "$@" || fail "no row was changed: $*"
}

# ids FILTER...: which runs the trail and the checkpoint list, by their agents; they agree.
agents() {
	gives 0 x audit list --json "$@"
	found=$(jq -r '[.[].agent] | join(" ")' out)
	gives 0 x runs --json "$@"
	equal "$found" "$(jq -r '[.[].agent] | join(" ")' out)" "what the checkpoint lists for $*"
}

# Three runs, one of which is killed on the way and resumed.
gives 0 x run --agent talker --caller ann "say it"
gives 69 x run --agent loser --caller bob "lose it"
gives 137 x run --agent doer --caller ann "do it"
doer=$(x runs --open --json | jq -r '.[0].run')
gives 0 x audit verify
prints intact
gives 0 x audit verify "$doer"
gives 0 x resume "$doer"
gives 0 x audit verify
gives 0 x audit verify --json
holds '.[0] == []' out
gives 0 x audit list --json
holds '.[0] | map(.status) == ["ok", "error", "ok"]' out
holds '.[0][0] | .attempt == 2 and .calls == 1 and .steps == 2 and (.ended_ms > .started_ms)' out
talker=$(jq -r '.[2].run' out)

# The log of a run is what its facts are, in order.
gives 0 x audit show "$doer" --json
jq -c '[.[] | [.seq, .kind]]' out >log
gives 0 x show --facts --json "$doer"
equal "$(jq -c '[.[] | [.seq, .kind]]' out)" "$(cat log)" "the log"
gives 0 x audit show "$doer"
prints run_resumed
gives 1 x audit show nothing
says "there is no run 'nothing' in the trail"

# Filters.
agents
equal "doer loser talker" "$found" "all"
agents --caller ann
equal "doer talker" "$found" "ann's"
agents --status error
equal "loser" "$found" "what failed"
agents --agent talker
equal "talker" "$found" "the talker's"
agents --top --since 1h --until 2199-01-01
equal "doer loser talker" "$found" "today's"
agents --until 2001-02-03T04:05
equal "" "$found" "what is older than the program"
agents --parent "$doer"
equal "" "$found" "children"
agents --ancestors "$doer"
equal "doer" "$found" "the line of a run that nobody started"
agents --open
equal "" "$found" "what is open"
agents --min-cost 0.25
equal "talker" "$found" "what cost a quarter"
agents --min-cost 0.250001
equal "" "$found" "what cost more"
gives 0 x run --agent talker --caller bob "say it again"
agents --last
equal "talker doer loser" "$found" "the newest of each"
agents --limit 1
equal "talker" "$found" "the newest"
gives 0 x runs --min-cost 0.1
prints "say it again"
gives 0 x audit list --caller nobody
says "no runs"

# What makes no sense is said.
gives 2 x runs --since yesterday
says "'yesterday' is no time: write 2026-01-31"
gives 2 x runs --since 2026-02-31
gives 2 x audit list --min-cost cheap
says "'cheap' is no amount of dollars"
gives 2 x runs --top --parent "$doer"
gives 2 x audit
gives 2 x audit look
says "'audit' knows list, show, verify"
gives 2 x audit show
gives 2 x audit list "$doer"
gives 2 x audit head --head x

# What is kept elsewhere.
gives 0 x audit head
cp out kept.json
holds '.[0].entries == 4' kept.json
gives 0 x audit verify --head kept.json
gives 0 x audit verify --head "$(jq -r .hash kept.json)"
gives 73 x audit verify --head "$(printf '%064d' 1)"
says "no entry of the chain has the hash that was kept"
echo "{}" >other.json
gives 2 x audit verify --head other.json
says "is not what 'executus audit head' prints"
gives 2 x audit verify --head missing.json

# Tampering.
cp -r "$XDG_STATE_HOME" intact
damaged() { # RUN WHAT KEY...
	tampered=$1
	shift
	tamper "$@"
	gives 73 x audit verify
	says "the trail is not what was written"
	prints "run $tampered"
	gives 73 x audit verify --json
	holds '.[0] | length > 0 and all(.text != "")' out
	rm -rf "$XDG_STATE_HOME"
	cp -r intact "$XDG_STATE_HOME"
	gives 0 x audit verify
}
row=b/trail/log/$talker/000000000000000
damaged "$talker, row 2" flip "${row}2"
damaged "$talker, row 3" del "${row}2"
damaged "$talker, row 2" swap "${row}2" "${row}3"
damaged "$talker, row 4" del "${row}4"
damaged "$talker" flip "b/trail/run/$talker"
damaged "$talker" flip b/trail/chain/0000000000000001
damaged "$talker" del b/trail/chain/0000000000000001
damaged "$talker" del "b/trail/run/$talker"
tamper flip "${row}2"
gives 0 x audit verify "$doer"
gives 73 x audit verify "$talker"

rm -rf "$XDG_STATE_HOME"
cp -r intact "$XDG_STATE_HOME"

# Purging: what may go, what would, what did.
gives 2 x audit purge
says "what may go? Say '--older-than 90d'"
gives 2 x audit purge --older-than 0
gives 2 x audit purge --older-than soon
gives 2 x audit purge --keep 1 --status late
says "no run ends with 'late'"
gives 2 x audit purge --keep 1 --caller ann
says "'audit purge' has no option '--caller'"
gives 0 x audit purge --keep 1 --agent doer --dry-run
says "0 runs would go"
gives 0 x audit purge --keep 1 --agent talker --dry-run
says "1 run would go"
gives 2 x audit list --keep 1
gives 0 x audit purge --keep 2 --dry-run
prints "$talker"
says "2 runs would go"
gives 0 x audit list --json
holds '.[0] | length == 4' out
gives 0 x audit purge --older-than 1h --json
holds '.[0] == []' out
gives 0 x audit purge --max-bytes 1g
says "0 runs went"
gives 0 x audit purge --keep 2 --status ok --json
holds '.[0] | length == 1 and .[0].run == "'"$talker"'" and .[0].gone and .[0].bytes > 0' out
gives 0 x audit list --json
holds '.[0] | length == 3' out
gives 1 x audit show "$talker"
gives 0 x show "$talker" # the run itself is another matter
gives 0 x audit verify --head kept.json
gives 0 x audit head
holds '.[0].entries == 5' out
tamper put "k/hold/$doer" '{"v":1}'
gives 0 x audit purge --max-bytes 1
says "2 runs went"
gives 0 x audit list --json
holds '.[0] | length == 1 and .[0].agent == "doer"' out
tamper del "k/hold/$doer"
gives 0 x audit purge --max-bytes 1
says "1 run went"
gives 0 x audit list --json
holds '.[0] == []' out
gives 0 x audit verify --head kept.json

# A run that goes on stays, whatever the rule says. A run that cannot be believed stays as well, and holds nobody up.
rm effects.log.died
gives 137 x run --agent doer "do it"
gives 0 x audit purge --keep 1 --json
gives 0 x audit purge --max-bytes 1
says "0 runs went"
gives 0 x audit list --open --json
holds '.[0] | length == 1' out
gives 0 x run --agent talker "first"
gives 0 x run --agent talker "second"
first=$(x audit list --json | jq -r '.[1].run')
tamper put "b/trail/sealed/$first" "0000000000000001"
tamper flip b/trail/chain/0000000000000001
gives 73 x audit purge --max-bytes 1
says "run '$first' stays, for its entry of the chain cannot be believed"
says "1 run went"

# Whoever asks the trail needs nobody's key.
# shellcheck disable=SC2016 # the configuration expands it
sed 's/^  fx: .*/&\n  remote: { so: model_openai.so, base_url: "http:\/\/127.0.0.1:9\/v1", key: $env:NO_SUCH_KEY }/' conf.yaml >keyed.yaml
gives 3 "$EXECUTUS" check -c keyed.yaml -B "$TEST_BATTERIES"
says "NO_SUCH_KEY"
gives 0 "$EXECUTUS" audit list -c keyed.yaml -B "$TEST_BATTERIES"
gives 0 "$EXECUTUS" runs --min-cost 0.1 -c keyed.yaml -B "$TEST_BATTERIES"

# Without a trail that can be asked.
sed -i 's/audit: \[lines, trail\]/audit: [lines]/' conf.yaml
gives 3 x audit list
says "binds no audit that can be asked: add a battery of audit_store.so"
gives 3 x runs --min-cost 1
gives 0 x runs --caller ann
