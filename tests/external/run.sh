#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - our parts against those of others, from the npm registry: its reader of events, its clients, its mock of model APIs.
#
#	run.sh BUILD_DIR WORK_DIR    what BUILD_DIR built; packages and files go to WORK_DIR
#
# Prints a line for each check. The last line says 'N passed, N failed, N skipped'; without the registry all are skipped.
set -eu
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd -P)
build=$(cd "$1" && pwd -P)
mkdir -p "$2"
work=$(cd "$2" && pwd -P)
INSTALL_SECONDS=180
CHECKS=9 # how many there are
passed=0 failed=0 skipped=0 server=

end() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
}
trap end EXIT

# check WHAT COMMAND...
check() {
	what=$1
	shift
	if "$@" >"$work/said" 2>&1; then
		passed=$((passed + 1))
		echo "ok      $what: $(tail -n 1 "$work/said")"
	else
		failed=$((failed + 1))
		echo "FAILED  $what"
		tail -n 20 "$work/said"
	fi
}

# check_of BATTERY WHAT COMMAND...: only when that battery is built.
check_of() {
	battery=$1
	shift
	if [ -e "$build/batteries/$battery.so" ]; then
		check "$@"
		return
	fi
	skipped=$((skipped + 1))
	echo "skipped $1: there is no $battery.so"
}

# serve FILE COMMAND...: starts a server whose output goes to FILE.
serve() {
	[ -z "$server" ] || { kill "$server"; wait "$server" || :; }
	file=$1
	shift
	"$@" >"$file" 2>&1 </dev/null &
	server=$!
}

# port_in FILE PATTERN: waits for the line that tells it.
port_in() {
	tries=100
	until sed -n "$2" "$1" | grep -q .; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
	sed -n "$2" "$1" | head -n 1
}

# answers BATTERY MODEL [PATH]: an agent with a tool, against a server that somebody else wrote.
answers() {
	rm -rf "$work/run"
	mkdir -p "$work/run/root"
	echo "an apple" >"$work/run/root/fruit.txt"
	cat >"$work/run/conf.yaml" <<END
batteries:
  store: { so: store_memory.so }
  journal: { so: checkpoint_journal.so }
  model: { so: $1.so, base_url: "http://127.0.0.1:$port/${3:-v1}", key: \$env:MOCK_KEY }
  fs: { so: tool_fs.so, root: root }
ports: { store: store, checkpoint: journal }
tiers: { fast: model/$2 }
agents: { reader: { tools: [read_file], prompt: You read files. } }
END
	MOCK_KEY=k XDG_STATE_HOME=$work/run/state "$build/executus" run -c "$work/run/conf.yaml" -B "$build/batteries" \
		--json "Which fruit is in fruit.txt?" >"$work/run/out" </dev/null || return 1
	jq -e -s 'length == 1 and (.[0] | .status == "ok" and .output == "It is an apple." and .steps == 2 and .calls == 1
		and .usage.in_tokens > 0)' "$work/run/out" >/dev/null || { cat "$work/run/out"; return 1; }
	echo "two steps, a tool, and $(jq -r .output "$work/run/out")"
}

cp "$here"/*.mjs "$here/package.json" "$work/"
cd "$work"
if ! timeout "$INSTALL_SECONDS" npm install --no-audit --no-fund --no-package-lock >install.log 2>&1; then
	echo "skipped: npm cannot install the packages: $(grep -v '^$' install.log | tail -n 1)"
	echo "0 passed, 0 failed, $CHECKS skipped"
	exit 0
fi

check "events" node sse.mjs "$build/tests/external/sse_cuts"
serve mock.port "$build/tests/mock/mock_chat" --with-parent
mock=$(port_in mock.port 's/^port //p')
check "openai client" node oracle_openai.mjs "$mock"
check_of model_openai_responses "openai client, Responses" node oracle_responses.mjs "$mock"
check_of model_anthropic "anthropic client" node oracle_anthropic.mjs "$mock"
check_of model_ollama "ollama client" node oracle_ollama.mjs "$mock"

# A free port is found by asking for one; until aimock has it another process may be faster: then its checks fail.
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
serve aimock.log node node_modules/@copilotkit/aimock/dist/cli.js --port "$port" --fixtures "$here/aimock.json" --strict
tries=100
until node -e "require('net').connect($port, '127.0.0.1').on('connect', () => process.exit(0)).on('error', () => process.exit(1))"; do
	tries=$((tries - 1))
	[ "$tries" -gt 0 ] || break
	sleep 0.1
done
check "aimock, chat completions" answers model_openai gpt-5
check_of model_openai_responses "aimock, Responses" answers model_openai_responses gpt-5
check_of model_anthropic "aimock, Messages" answers model_anthropic claude-sonnet-5
check_of model_ollama "aimock, Ollama" answers model_ollama qwen3:8b api
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
