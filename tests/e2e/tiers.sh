# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# tiers.sh - a chain of two servers: who answers when the first one fails, and what the runs of one process learn from each other.

export MOCK_KEY=sk-e2e-tiers

# serve NAME OPTION...: that server, anew. It logs to NAME.log, its port is in NAME.port, its process in NAME.pid.
serve() {
	name=$1
	shift
	[ ! -f "$name.pid" ] || stop "$name"
	: >"$name.log"
	: >"$name.port"
	"$MOCK" --log "$name.log" "$@" >"$name.port" 2>"$name.err" </dev/null &
	echo $! >"$name.pid"
	children="$children $!"
	until_true 10 grep -q '^port [0-9]' "$name.port"
}
stop() {
	pid=$(cat "$1.pid")
	kill "$pid"
	wait "$pid" || :
	rm "$1.pid"
}
port() {
	sed 's/port //' "$1.port"
}
# conf CHAIN: the first server speaks chat completions, the second one the Messages API. A request is sent once: what is tried again
# is the kernel's.
conf() {
	cat >conf.yaml <<END
batteries:
  store: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  first: { so: model_openai.so, base_url: "http://127.0.0.1:$(port first)/v1", key: \$env:MOCK_KEY, retries: 0 }
  second: { so: model_anthropic.so, base_url: "http://127.0.0.1:$(port second)/v1", key: \$env:MOCK_KEY, retries: 0 }
  fx: { so: effects.so, log: effects.log }
ports: { store: store, checkpoint: journal }
tiers: { pair: [$1] }
run: { lease: 2s }
agents: { a: { tier: pair, tools: [keyed], max_runtime: 30s } }
END
}
x() { # COMMAND ARGUMENT...
	verb=$1
	shift
	"$EXECUTUS" "$verb" -c conf.yaml -B "$TEST_BATTERIES" "$@" </dev/null
}
requests() { # SERVER COUNT
	equal "$2" "$(wc -l <"$1.log")" "requests to $1"
}
newest() {
	x runs -n 1 --json | jq -r '.[0].run'
}
facts() { # RUN
	x show --facts --json "$1" >facts.json
}
begin() { # OPTION... of the first server
	rm -rf "$XDG_STATE_HOME" effects.log effects.log.died
	serve first --answer "from the first" "$@"
	serve second --answer "from the second"
	conf "first/one, second/two"
}

# ---- one run ----
begin
gives 0 x run question
equal "from the first" "$(cat out)" "the answer"
requests second 0

begin --fault 500
gives 0 x run question
equal "from the second" "$(cat out)" "the answer when the first is down"
requests first 2
requests second 1
gives 0 x show --json "$(newest)"
holds '.[0] | .status == "ok" and .model == "second/two"' out
facts "$(newest)"
holds '.[0] | [.[] | select(.kind == "turn_started") | [.name, .body.target, .body.try]] == [["first/one",0,1],["first/one",0,2],["second/two",1,1]]' facts.json
holds '.[0] | [.[] | select(.kind == "turn_ended") | .name] == ["second/two"]' facts.json

# Nothing of an answer that broke off is in the one that counts.
begin --fault cut
gives 0 x run question
equal "from the second" "$(cat out)" "the answer behind one that broke off"
gives 0 x show --transcript "$(newest)"
if grep -q "from the first" out; then fail "halves of two answers"; fi

begin --fault 404
gives 0 x run question
requests first 1
requests second 1

begin --fault 401
gives 69 x run question
says "first/one: "
requests first 1
requests second 0

begin --fault 500
serve second --fault 503
conf "first/one, second/two"
gives 69 x run question
says "first/one: "
says "; second/two: "
requests first 2
requests second 2

# Nobody listens there.
begin
stop first
gives 0 x run question
equal "from the second" "$(cat out)" "the answer when nobody listens at the first"

# ---- ten runs of one process: each asks a server that is down once at most, and the other dialect has the call and its result ----
begin --turns 1 --tool keyed --args '{"text":"x","how":"kill_after"}'
for n in 1 2 3 4 5 6 7 8 9 10; do
	rm -f effects.log.died
	gives 137 x run "question $n"
done
requests first 10
serve first --fault 500
conf "first/one, second/two"
gives 0 x resume --all
equal 10 "$(grep -c '^from the second$' out)" "answers of the second"
checks=$((checks + 1))
[ "$(wc -l <first.log)" -le 10 ] || fail "$(wc -l <first.log) requests of 10 runs to a server that is down"
checks=$((checks + 1))
[ "$(wc -l <first.log)" -ge 2 ] || fail "the first server was hardly asked"
requests second 10
holds 'all(.[]; .answered and .auth and .messages == 3 and .assistants == 1)' second.log
facts "$(newest)"
holds '.[0] | [.[] | select(.kind == "turn_ended") | .name] == ["first/one", "second/two"]' facts.json

# ---- a pause that one run was asked for is kept by another one of the process, which comes later ----
begin --turns 1 --tool keyed --args '{"text":"x","how":"kill_after"}'
conf "first/one"
gives 137 x run early
early=$(newest)
serve first --turns 1 --tool keyed --args '{"text":"slow","how":"slow"}'
conf "first/one"
"$EXECUTUS" run -c conf.yaml -B "$TEST_BATTERIES" late >late.out 2>late.err </dev/null &
late=$!
children="$children $late"
until_true 10 grep -q slow effects.log
kill -9 $late
wait $late 2>/dev/null || :
late=$(newest)
serve first --answer "from the first" --fault 429:1 --retry-after 4
conf "first/one"
gives 0 x resume --all
requests first 3
# at KIND: when the last fact of that kind in facts.json came, in milliseconds.
at() {
	jq "[.[] | select(.kind == \"$1\")][-1].at | (.[:19] + \"Z\" | fromdate) * 1000 + (.[20:23] | tonumber)" facts.json
}
facts "$early"
holds '.[0] | [.[] | select(.kind == "turn_failed") | .body.class] == ["limit"]' facts.json
over=$(($(at turn_failed) + 4000))
facts "$late"
holds '.[0] | all(.[]; .kind != "turn_failed")' facts.json
# Its call took 1.5 s, so it would have asked in the middle of the pause. The two clocks are read some milliseconds apart.
checks=$((checks + 2))
[ "$(at call_ended)" -lt $((over - 500)) ] || fail "the late run came too late to tell"
[ "$(at turn_started)" -ge $((over - 50)) ] || fail "the late run asked $((over - $(at turn_started))) ms before the pause was over"
