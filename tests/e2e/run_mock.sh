# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# run_mock.sh - a model behind HTTP: streams with tool turns, and a server that fails in every way. Its key is shown nowhere.

secret=sk-e2e-0123456789abcdef-secret
export MOCK_KEY=$secret
mkdir root
echo "an apple" >root/fruit.txt

stop_server() {
	kill "$server"
	wait "$server" || :
}

# serve OPTION...: starts the server anew, and writes a configuration for it.
serve() {
	[ -z "${server-}" ] || stop_server
	: >requests
	: >port
	"$MOCK" --log requests "$@" >port 2>mock.err </dev/null &
	server=$!
	children="$children $server"
	until_true 10 grep -q '^port [0-9]' port
	sed "s/PORT/$(sed 's/port //' port)/" >conf.yaml <<'END'
batteries:
  store: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  trail: { so: audit_jsonl.so, path: trail.jsonl }
  mock: { so: model_openai.so, base_url: "http://127.0.0.1:PORT/v1", key: $env:MOCK_KEY, idle_timeout: 2s, first_byte_timeout: 2s, retries: 1 }
  fs: { so: tool_fs.so, root: root }
ports: { store: store, checkpoint: journal, audit: [trail] }
tiers: { fast: mock/plain-model }
agents: { reader: { tools: [list_dir, read_file], prompt: You read files. } }
END
}

# asks CODE: one run; all that is written anywhere is kept for the search at the end.
asks() {
	gives "$1" "$EXECUTUS" run -v -c conf.yaml question
	cat "$WORK/out" "$WORK/err" >>said
	# No request had a call without its result, and each one the key.
	jq -e -s 'length > 0 and all(.[]; .answered and .auth)' requests >/dev/null || fail "a request is not whole"
	checks=$((checks + 1))
}
requests() {
	equal "$1" "$(wc -l <requests)" "requests"
}
run_of_last() {
	"$EXECUTUS" runs -c conf.yaml -n 1 --json | jq -r '.[0].run'
}

# ---- what goes well ----
serve --turns 3 --tool read_file --args '{"path":"fruit.txt"}' --answer "It is an apple: caf$(printf '\303\251')."
sed -i 's/tools:/max_same_calls: 9, &/' conf.yaml
asks 0
equal "It is an apple: caf$(printf '\303\251')." "$(cat "$WORK/out")" "the answer"
requests 4
holds '[.[].messages] == [2, 4, 6, 8] and .[-1].last == "tool" and .[0].model == "plain-model"' requests
gives 0 "$EXECUTUS" show -c conf.yaml "$(run_of_last)" --transcript
prints "an apple"
equal 3 "$(grep -c '^< read_file: ok' "$WORK/out")" "calls of the tool"
gives 0 "$EXECUTUS" show -c conf.yaml "$(run_of_last)" --json
cp "$WORK/out" show.json
holds '.[0] | .status == "ok" and .steps == 4 and .calls == 3 and .usage.in_tokens == 480 and .usage.estimated == 0' show.json
for shape in drip json twocalls noids onechunk stopcalls reasoning comments; do
	serve --fault $shape --answer fine
	asks 0
	equal fine "$(tail -n 1 "$WORK/out")" "the answer of $shape"
done

# ---- the same of a server that sends lines and no events: arguments go back as objects, each call has its result ----
serve --turns 3 --fault reasoning --tool read_file --args '{"path":"fruit.txt"}' --answer "It is an apple."
sed -i 's/model_openai/model_ollama/; s/tools:/max_same_calls: 9, &/' conf.yaml
asks 0
equal "It is an apple." "$(cat "$WORK/out")" "the answer"
holds '[.[].messages] == [2, 4, 6, 8] and .[-1].last == "tool" and all(.[]; .api == "ollama" and .answered)' requests

# ---- the same of a server that speaks another dialect: thinking goes back, each call has its result ----
serve --turns 3 --fault reasoning --tool read_file --args '{"path":"fruit.txt"}' --answer "It is an apple."
sed -i 's/model_openai/model_anthropic/; s/tools:/max_same_calls: 9, &/' conf.yaml
asks 0
equal "It is an apple." "$(cat "$WORK/out")" "the answer"
holds '[.[].messages] == [1, 3, 5, 7] and [.[].assistants] == [0, 1, 2, 3]' requests
gives 0 "$EXECUTUS" show -c conf.yaml "$(run_of_last)" --json
cp "$WORK/out" show.json
holds '.[0] | .status == "ok" and .calls == 3 and .usage.in_tokens == 480 and .usage.cache_read_tokens == 80' show.json

# ---- what is tried again: an answer that broke off is never believed ----
for fault in 500 429 503 cut noend garbage empty streamerror never close; do
	serve --fault $fault:1 --retry-after 1 --answer "whole answer"
	asks 0
	equal "whole answer" "$(cat "$WORK/out")" "the answer after $fault"
	checks=$((checks + 1))
	[ "$(wc -l <requests)" -ge 2 ] || fail "$fault was not tried again"
done
serve --turns 2 --fault cut:1 --answer fine
asks 0
equal fine "$(cat "$WORK/out")" "the answer after a call that broke off"

# ---- what is not: refusals, each with its sentence ----
refusal() { # FAULT SENTENCE
	serve --fault "$1" --answer "never seen"
	asks 69
	prints_nothing
	says "$2"
	checks=$((checks + 1))
	[ "$(grep -c ': error: ' "$WORK/err")" -eq 1 ] || fail "$1: not one sentence about the end"
}
refusal 401 "401"
requests 1
refusal 403 "403"
requests 1
refusal 404 "plain-model"
requests 1
refusal 402 "no credit"
refusal 400 "no such member"
refusal 500 "500"
refusal 429far "429"
refusal html "web page"
refusal garbage "JSON"
refusal cut "broke off"
refusal 302 "302"

# ---- a model that calls what it should not ----
serve --turns 1 --tool no_such_tool --answer "I see."
asks 0
gives 0 "$EXECUTUS" show -c conf.yaml "$(run_of_last)" --transcript
prints "no_such_tool"
prints "list_dir"
cat "$WORK/out" >>said
serve --fault argsbad --answer "I see."
asks 0
gives 0 "$EXECUTUS" show -c conf.yaml "$(run_of_last)" --transcript
prints "< list_dir: error"
prints "object"
serve --turns 9 --tool no_such_tool
asks 1
says "no_such_tool"
serve --turns 9 --tool read_file --args '{"path":"../conf.yaml"}'
asks 1
gives 0 "$EXECUTUS" show -c conf.yaml "$(run_of_last)" --transcript
prints "< read_file: denied"
if grep -q "base_url" "$WORK/out"; then fail "read a file outside of its root"; fi
serve --turns 9
asks 1
says "list_dir"

# ---- the server is gone ----
stop_server
gives 69 "$EXECUTUS" run -q -c conf.yaml question
cat "$WORK/err" >>said
prints_nothing
gives 69 "$EXECUTUS" run -c conf.yaml question
says "does not take connections"
checks=$((checks + 1))
[ "$(grep -c ': error: ' "$WORK/err")" -eq 1 ] || fail "not one sentence about the end"
prints_nothing

# ---- the key ----
"$EXECUTUS" runs -c conf.yaml --json >>said
for run in $("$EXECUTUS" runs -c conf.yaml --json | jq -r '.[].run'); do
	"$EXECUTUS" show -c conf.yaml "$run" --facts >>said
done
"$EXECUTUS" check -c conf.yaml >>said 2>&1
gives 0 grep -q question "$XDG_STATE_HOME/executus/store/data.mdb"
for file in said trail.jsonl "$XDG_STATE_HOME/executus/store/data.mdb"; do
	[ -s "$file" ] || fail "$file is empty"
	checks=$((checks + 1))
	if LC_ALL=C grep -q -e "$secret" -e e2e-0123456789 "$file"; then fail "the key stands in $file"; fi
done
unset MOCK_KEY
gives 3 "$EXECUTUS" run -c conf.yaml question
says "MOCK_KEY"
says_one_sentence
sed -i "s/\$env:MOCK_KEY/$secret/" conf.yaml
gives 3 "$EXECUTUS" run -c conf.yaml question
if grep -q "$secret" "$WORK/err"; then fail "shows a key that stands in the configuration"; fi
