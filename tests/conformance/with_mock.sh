#!/bin/sh
# SPDX-License-Identifier: MIT
# with_mock.sh MOCK COMMAND [ARG ...] - starts the mock server and runs COMMAND ARG ... base_url=http://its/v1
set -eu
mock=$1
shift
dir=$(mktemp -d "${TMPDIR:-/tmp}/with_mock.XXXXXX")
"$mock" >"$dir/out" &
pid=$!
trap 'kill "$pid" 2>/dev/null || :; wait "$pid" 2>/dev/null || :; rm -rf "$dir"' EXIT
tries=0
until port=$(sed -n 's/^port \([0-9]*\)$/\1/p' "$dir/out") && [ -n "$port" ]; do
	tries=$((tries + 1))
	if [ "$tries" -gt 100 ]; then
		echo "with_mock.sh: '$mock' does not say its port" >&2
		exit 1
	fi
	sleep 0.05
done
"$@" "base_url=http://127.0.0.1:$port/v1"
