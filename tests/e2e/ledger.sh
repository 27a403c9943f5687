# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# ledger.sh - the ledger with the real command: caps that hold across processes, words that reach the model, windows that turn over,
# and the promise held by killing: what is booked is what the facts say.

conf() { # LIMIT... each in braces
	cat <<END
batteries:
  disk: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fx: { so: effects.so, log: effects.log }
  purse:
    so: budget_ledger.so
    prices: prices.json
    limits:
END
	for limit; do
		echo "      - $limit"
	done
	cat <<'END'
ports: { store: disk, checkpoint: journal, budget: purse }
tiers: { fast: script/x }
agents: { a: { tools: [pure], max_tokens: 10 } }
run: { lease: 2s }
END
}
x() { # COMMAND ARGUMENT...
	verb=$1
	shift
	"$EXECUTUS" "$verb" -c conf.yaml -B "$TEST_BATTERIES" "$@"
}
# used LIMIT: what is used of it, and what is reserved.
used() {
	x budget --json >budget.json
	jq -r --arg limit "$1" '.limits[] | select(.name == $limit) | [.uses[] | .used, .reserved] | join(" ")' budget.json
}
cat >prices.json <<'END'
{ "prices": [ { "model": "x", "in": "1000", "out": "1000", "source": "this test", "source_date": "2026-01-01" } ] }
END
cat >script.yaml <<'END'
turns:
  - say: Looking.
    calls: [ { tool: pure, args: { text: one } } ]
    usage: { in: 30, out: 3 }
  - say: Done.
    usage: { in: 40, out: 4 }
END

# What was used is booked for its caller alone, and a cap holds in the next process.
conf '{ name: cap, scope: caller, unit: tokens, max: 400, per: ever }' '{ name: money, scope: all, unit: usd, max: 5, per: 7d }' >conf.yaml
gives 0 x run --caller alice --json "go"
equal 77000 "$(jq .usage.cost_micro out)" "what it cost"
equal "77 0" "$(used cap)" "tokens of alice"
equal "77000 0" "$(used money)" "what all cost"
gives 0 x budget --caller alice
prints 'cap: 400 tokens for each caller, per ever'
prints '  alice                                 77               0             323'
conf '{ name: cap, scope: caller, unit: tokens, max: 70, per: ever }' >conf.yaml
gives 4 x run --caller alice "go"
says "the budget 'cap' of caller alice is used up: 77 tokens of 70 tokens"
gives 0 x runs --json
equal 1 "$(jq length out)" "runs: the refused one left none"
gives 0 x budget --caller bob --json
holds '.[0].limits[0].uses == [{"who":"bob","used":0,"reserved":0,"left":70,"runs":[]}]' out

# The model hears of a soft limit, and has one more turn when the hard one is passed; what it said by then is kept.
cat >script.yaml <<'END'
turns:
  - say: A part.
    calls: [ { tool: pure, args: { text: one } } ]
    usage: { in: 90, out: 10 }
  - expect: [ "The budget 'soft' is nearly used up" ]
    say: More.
    calls: [ { tool: pure, args: { text: two } } ]
    usage: { in: 90, out: 10 }
  - expect: [ "your last turn" ]
    say: The rest.
    calls: [ { tool: pure, args: { text: three } } ]
    usage: { in: 90, out: 10 }
  - say: Never.
END
conf '{ name: soft, scope: run, unit: turns, max: 9, soft: 2 }' '{ name: hard, scope: run, unit: turns, max: 2, grace: true }' >conf.yaml
gives 4 x run --json "go"
holds '.[0].output == "The rest." and .[0].status == "denied" and (.[0].error | contains("hard")) and .[0].steps == 3' out

# Eight processes at once on one store, and room for five: five get it, whoever they are, and three are refused.
cat >script.yaml <<'END'
turns: [ { delay: 300ms, say: Done., usage: { in: 40, out: 4 } } ]
END
conf '{ name: five, scope: all, unit: turns, max: 5, per: 7d }' '{ name: wide, scope: caller, unit: tokens, max: 100000, per: 60s }' >conf.yaml
racers=
for i in 1 2 3 4 5 6 7 8; do
	x run "go" >"racer.$i" 2>&1 </dev/null &
	racers="$racers $!"
	children="$children $!"
done
won=0
lost=0
for racer in $racers; do
	code=0
	wait "$racer" || code=$?
	case $code in
	0) won=$((won + 1)) ;;
	4) lost=$((lost + 1)) ;;
	*) fail "a process that raced for room ended with $code: $(cat racer.*)" ;;
	esac
done
equal "5 3" "$won $lost" "those that got room, and those that did not"
equal "5 0" "$(used five)" "turns of all"

# A mistake has its place and what to write.
conf '{ scope: caller, unit: seconds, max: NaN, per: 7d }' >conf.yaml
gives 3 x check
says "conf.yaml:9:5: limit 1: max 'NaN': seconds such as 3600 or 1.5"
says_one_sentence

# A day is over at midnight. (A sanitizer wants to be loaded first, and so does the other clock.)
cat >script.yaml <<'END'
turns: [ { say: Done., usage: { in: 40, out: 4 } } ]
END
if command -v faketime >/dev/null && ! ldd "$EXECUTUS" | grep -q 'lib[at]san'; then
	at() { # TIME COMMAND ARGUMENT...
		when=$1
		shift
		verb=$1
		shift
		faketime -f "@$when" "$EXECUTUS" "$verb" -c conf.yaml -B "$TEST_BATTERIES" "$@"
	}
	rm -rf "$XDG_STATE_HOME"
	TZ=UTC
	export TZ
	conf '{ name: day, scope: all, unit: turns, max: 1, per: day }' '{ name: week, scope: all, unit: turns, max: 3, per: 7d }' >conf.yaml
	gives 0 at "2026-03-01 22:00:00" run "go"
	gives 4 at "2026-03-01 23:00:00" run "go"
	says "room again from 2026-03-02T00:00:00Z"
	gives 0 at "2026-03-02 00:00:01" run "go"
	gives 0 at "2026-03-03 12:00:00" run "go"
	gives 4 at "2026-03-04 12:00:00" run "go"
	says "'week'"
	gives 4 at "2026-03-08 22:00:00" run "go"
	gives 0 at "2026-03-09 04:00:00" run "go"
fi

# Killed wherever it makes something durable, and taken up: the ledger is what the facts say, and nothing is held.
needs_strace
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: pure, args: { text: one } } ]
    usage: { in: 30, out: 3 }
  - calls: [ { tool: pure, args: { text: two } } ]
    usage: { in: 40, out: 4 }
  - say: Done.
    usage: { in: 50, out: 5 }
END
conf '{ name: cap, scope: caller, unit: tokens, max: 100000, per: 7d }' '{ name: calls, scope: all, unit: calls, max: 1000, per: ever }' \
	'{ name: tree, scope: tree, unit: turns, max: 50 }' >conf.yaml
# What the facts say was used: each settled turn as it was, and each reserved one that has none at its estimate, when it is booked so.
settled='[.[] | select(.kind == "budget_settled") | .body.actual | .in_tokens + .out_tokens] | add // 0'
kills=0
for call in fdatasync pwrite64; do
	n=1
	while :; do
		rm -rf "$XDG_STATE_HOME" effects.log
		killed_at "$call" "$n" "$EXECUTUS" run -c conf.yaml -B "$TEST_BATTERIES" --caller alice "go" || break
		kills=$((kills + 1))
		gives 0 x resume --all --json
		x runs --json >runs.json
		run=$(jq -r '.[0].run // empty' runs.json)
		[ -n "$run" ] || { n=$((n + 1)); continue; }
		x show --facts --json "$run" >facts.json
		equal ok "$(jq -r '.[-1].body.status' facts.json)" "the end after kill $n of $call"
		facts=$(jq "$settled" facts.json)
		x budget --json >budget.json
		holds '.[0].limits | all(.uses | all(.reserved == 0 and .runs == []))' budget.json
		booked=$(jq '.limits[0].uses | map(.used) | add // 0' budget.json)
		resumed=$(jq '[.[] | select(.kind == "run_resumed")] | length' facts.json)
		# A turn that may have left when the process died is booked at its estimate on top; without a death both are one number.
		if [ "$resumed" -eq 0 ]; then
			equal "$facts" "$booked" "tokens booked after kill $n of $call"
		else
			extra=$((booked - facts))
			estimates=$(jq '[.[] | select(.kind == "budget_reserved") | .body.estimate | .in_tokens + .out_tokens] | unique | .[]' facts.json)
			[ "$extra" -eq 0 ] || echo "$estimates" | grep -qx "$extra" || fail "kill $n of $call: $booked booked, $facts settled"
			checks=$((checks + 1))
		fi
		equal 2 "$(jq '.limits[1].uses | map(.used) | add // 0' budget.json)" "calls booked after kill $n of $call"
		n=$((n + 1))
	done
done
[ "$kills" -gt 10 ] || fail "only $kills kills"
