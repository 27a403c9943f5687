# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# chain.sh - one run, three models, three APIs: each goes on with what the others said and did. The first answers with signed thinking
# and goes down after two steps, the second after two more.

export MOCK_KEY=sk-chain-0123456789
mkdir root
echo "an apple" >root/fruit.txt
"$MOCK" --log requests --bodies --tool read_file --args '{"path":"fruit.txt"}' --answer "It is an apple." >port 2>mock.err </dev/null &
children="$children $!"
until_true 10 grep -q '^port [0-9]' port
url=http://127.0.0.1:$(sed 's/port //' port)/v1
cat >conf.yaml <<END
batteries:
  store: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  purse: { so: budget_ledger.so, prices: prices.json, limits: [ { scope: run, unit: usd, max: 1000 } ] }
  one: { so: model_anthropic.so, base_url: "$url", key: \$env:MOCK_KEY, retries: 0 }
  two: { so: model_openai.so, base_url: "$url", key: \$env:MOCK_KEY, retries: 0 }
  three: { so: model_openai_responses.so, base_url: "$url", key: \$env:MOCK_KEY, retries: 0 }
  fs: { so: tool_fs.so, root: root }
ports: { store: store, checkpoint: journal, budget: purse }
tiers: { fast: [one/reasoning+turns:9+down:2, two/reasoning+turns:9+down:4, three/reasoning+turns:5] }
agents: { reader: { tools: [read_file], max_same_calls: 9, max_tokens: 100, prompt: You read files. } }
END
cat >prices.json <<'END'
{ "prices": [
  { "model": "one/*", "in": "1000", "cache_read": "100", "cache_write": "2000", "out": "10000", "source": "this test", "source_date": "2026-01-01" },
  { "model": "two/*", "in": "10", "out": "100", "source": "this test", "source_date": "2026-01-01" },
  { "model": "three/*", "in": "1", "cache_read": "0", "out": "3", "source": "this test", "source_date": "2026-01-01" } ] }
END
gives 0 "$EXECUTUS" run -c conf.yaml question
equal "It is an apple." "$(cat "$WORK/out")" "the answer"

# ---- what each server got: a request that its API takes, with all that was said and done before ----
holds 'length >= 8 and all(.[]; .answered and .auth) and ([.[0:2][] | .api] == ["messages", "messages"])
	and ([.[] | .api] | unique) == ["chat", "messages", "responses"]' requests
# The calls and what they brought, in their order, whoever speaks.
jq -s '[.[] | select(.api == "chat") | .body] | .[0:2]' requests >chat.json
holds '.[0] | ([.[] | .messages | length] == [6, 8])
	and all(.[]; (.messages[0].role == "system") and (.messages[1] == {"role":"user","content":"question"})
		and ([.messages[] | select(.role == "assistant") | .tool_calls[] | .id] == [.messages[] | select(.role == "tool") | .tool_call_id])
		and all(.messages[] | select(.role == "assistant"); keys == ["content", "role", "tool_calls"])
		and all(.messages[] | select(.role == "tool"); .content | test("an apple")))' chat.json
jq -s '[.[] | select(.api == "responses") | .body]' requests >responses.json
holds '.[0] | [.[] | [.input[] | select(.type == "function_call") | .call_id]] == [[range(1; 5) | "call_\(.)"], [range(1; 6) | "call_\(.)"]]
	and all(.[]; (.store == false)
		and ([.input[] | select(.type == "function_call") | .call_id] == [.input[] | select(.type == "function_call_output") | .call_id])
		and all(.input[] | select(.type == "function_call_output"); .output | test("an apple")))' responses.json
# Its own thinking goes back to whom it came from, and to nobody else.
holds '[.[] | select(.api == "messages") | .body | tostring | [test("c2ln"), test("let me think")]] | .[0:2] == [[false, false], [true, true]]' requests
holds 'all(.[] | select(.api != "messages") | .body | tostring; test("c2ln|signature") | not)' requests
holds 'all(.[] | select(.api == "chat") | .body | tostring; test("let me think|encrypted_content|c2VjcmV0") | not)' requests
holds '.[0] | [.[] | [.input[] | select(.type == "reasoning") | .encrypted_content]] == [[], ["c2VjcmV0"]]' responses.json

# ---- what the run knows of it ----
run=$("$EXECUTUS" runs -c conf.yaml -n 1 --json | jq -r '.[0].run')
gives 0 "$EXECUTUS" show -c conf.yaml "$run" --facts --json
cp "$WORK/out" facts.json
# Which model answered each step, and what its tokens cost with it.
jq '[.[] | select(.kind == "turn_ended")]' facts.json >turns.json
holds '.[0] | [.[] | .step] == [range(1; 7)] and [.[] | .name | split("/")[0]] == ["one", "one", "two", "two", "three", "three"]' turns.json
holds '.[0] | [.[] | .usage | [.in_tokens, .cache_read_tokens, .cache_write_tokens, .out_tokens]]
	== [[120, 20, 30, 7], [120, 20, 30, 7], [120, 20, 0, 7], [120, 20, 0, 7], [120, 20, 0, 7], [120, 20, 0, 7]]' turns.json
holds '.[0] | [.[] | .usage.cost_micro] == [202000, 202000, 1900, 1900, 121, 121]' turns.json
# Who goes down is asked once more and then left alone; each failure has its model, its class and its sentence.
holds '.[0] | [.[] | select(.kind == "turn_failed")] | all(.[]; .body.class == "transient" and (.body.text | test("500")))
	and ([.[] | .name | split("/")[0]] | .[0:2] == ["one", "one"] and ([.[] | select(. == "two")] | length) == 2)' facts.json
gives 0 "$EXECUTUS" show -c conf.yaml "$run" --json
cp "$WORK/out" show.json
holds '.[0] | .status == "ok" and .steps == 6 and .calls == 5 and (.model | startswith("three/")) and .usage.cost_micro == 408042' show.json
gives 0 "$EXECUTUS" show -c conf.yaml "$run" --transcript
equal 5 "$(grep -c '^< read_file: ok' "$WORK/out")" "results in the transcript"
