# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# live.sh - what a model says is seen while it says it: the server holds the second half of each answer back until the first was seen.

export MOCK_KEY=sk-live-0123456789
answer="The first half of an answer of some length, and then the second half of it, which comes when the first one was seen."
serve() { # OPTION...
	: >requests
	"$MOCK" --gate gate --log requests --answer "$answer" "$@" >port 2>mock.err </dev/null &
	server=$!
	children="$children $server"
	until_true 10 grep -q '^port [0-9]' port
	url=http://127.0.0.1:$(sed 's/port //' port)/v1
	cat >conf.yaml <<END
batteries:
  store: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  chat: { so: model_openai.so, base_url: "$url", key: \$env:MOCK_KEY, retries: 2 }
  responses: { so: model_openai_responses.so, base_url: "$url", key: \$env:MOCK_KEY }
  messages: { so: model_anthropic.so, base_url: "$url", key: \$env:MOCK_KEY }
ports: { store: store, checkpoint: journal }
tiers: { chat: chat/x, responses: responses/x, messages: messages/x }
agents: { chat: { tier: chat }, responses: { tier: responses }, messages: { tier: messages } }
END
}
# begun AGENT OPTION...: a run in the background that writes to `seen`; the gate is closed.
begun() {
	rm -f gate
	: >seen
	"$EXECUTUS" run -c conf.yaml -a "$@" question >seen 2>"$WORK/err" </dev/null &
	run=$!
	children="$children $run"
}
said() { # What the deltas say behind the last void one.
	jq -r -s 'reduce .[] as $line (""; if $line.void then "" else . + ($line.delta // "") end)' "$1"
}

# ---- one line for each piece, before the answer is whole ----
serve
for agent in chat responses messages; do
	begun $agent --jsonl
	until_true 20 grep -q '"delta":"The' seen
	checks=$((checks + 1))
	if grep -q '"kind":"turn_ended"' seen; then fail "the answer ended before the gate was open"; fi
	: >gate
	ends 0 "$run"
	equal "$answer" "$(said seen)" "the pieces of $agent"
	holds '[.[] | select(has("kind")) | .seq] | . == [range(1; length + 1)]' seen
	holds 'all(.[] | select(has("delta")); keys == ["delta", "run", "step"] and .step == 1) and ([.[] | .run] | unique | length) == 1
		and all(.[]; has("kind") != has("delta")) and (.[-1].kind == "run_ended") and .[-1].body.output == "'"$answer"'"' seen
done
# Text and --json hold the answer back until it is durable.
for form in --json --quiet; do
	: >requests
	begun chat $form
	until_true 20 grep -q '"model":"x"' requests
	checks=$((checks + 1))
	[ ! -s seen ] || fail "prints something before the answer is whole: $form"
	: >gate
	ends 0 "$run"
	gives 0 grep -q "second half" seen
done

# ---- on a terminal the line shows the end of what was said so far ----
rm -f gate
: >seen
export TERM=xterm
script -qfec "$EXECUTUS run -c conf.yaml -a chat question" seen >/dev/null 2>"$WORK/err" </dev/null &
run=$!
children="$children $run"
until_true 20 grep -q "answer of some" seen
checks=$((checks + 1))
if grep -q "when the first one was seen" seen; then fail "the answer was there before the gate was open"; fi
: >gate
ends 0 "$run"
gives 0 grep -qF "$answer" seen
export TERM=dumb

# ---- a turn that broke off: what was seen of it is void, and said again ----
kill "$server"
wait "$server" || :
serve --fault cut:1
begun chat --jsonl
: >gate
ends 0 "$run"
equal "$answer" "$(said seen)" "the pieces behind the void"
holds '[.[] | select(.void)] == [{run: .[0].run, step: 1, void: true}] and ([.[] | select(.kind == "turn_failed")] | length) == 1' seen
# In the order in which it happened: pieces, void, pieces.
# shellcheck disable=SC2016 # variables of jq
holds '[.[] | if .delta then "delta" elif .void then "void" else empty end] | reduce .[] as $w ([]; if .[-1] == $w then . else . + [$w] end)
	== ["delta", "void", "delta"]' seen
