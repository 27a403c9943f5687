#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - runs one end-to-end script against a build, in a folder and an environment of its own.
#
#	run.sh SCRIPT BUILD_DIR
#
# The script is sourced and finds: EXECUTUS (the command), BATTERIES (folder of batteries), TEST_BATTERIES (those of the tests),
# MOCK (the chat server of the tests), TREE (the sources), WORK (an empty folder, where it stands, removed at the end), and the
# functions below. What it starts and must not outlive it goes into `children` as process ids, what it mounts into `mounts`. It
# fails by a check that does not hold, or by any command that fails.
set -eu
export LC_ALL=C
umask 022
# shellcheck disable=SC3045 # dash and bash have it: some tests crash on purpose
ulimit -c 0

script=$(cd "$(dirname "$1")" && pwd -P)/$(basename "$1")
build=$(cd "$2" && pwd -P)
EXECUTUS=$build/executus
BATTERIES=$build/batteries
TEST_BATTERIES=$build/test-batteries
MOCK=$build/tests/mock/mock_chat
TREE=$(cd "$(dirname "$0")/../.." && pwd -P)
WORK=$(cd "$(mktemp -d "${TMPDIR:-/tmp}/executus-e2e.XXXXXX")" && pwd -P)
export EXECUTUS BATTERIES TEST_BATTERIES MOCK TREE WORK
export HOME="$WORK/home" XDG_STATE_HOME="$WORK/state" XDG_CONFIG_HOME="$WORK/config" TERM=dumb
unset EXECUTUS_CONF
mkdir "$HOME"
checks=0
children=
mounts=

cleanup() {
	code=$?
	for pid in $children; do
		kill -9 "$pid" 2>/dev/null || :
	done
	for folder in $mounts; do
		umount -l "$folder" || :
	done
	chmod -R u+rwx "$WORK" 2>/dev/null || :
	rm -rf "$WORK"
	exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# fail TEXT...: ends the script, with what the last command said.
fail() {
	echo "FAILED: $*" >&2
	[ ! -s "$WORK/out" ] || sed 's/^/  out: /' "$WORK/out" >&2
	[ ! -s "$WORK/err" ] || sed 's/^/  err: /' "$WORK/err" >&2
	exit 1
}

# gives CODE COMMAND...: runs it with nothing on its standard input and wants that exit status. What it printed is in $WORK/out and
# $WORK/err.
gives() {
	wanted=$1
	shift
	code=0
	"$@" >"$WORK/out" 2>"$WORK/err" </dev/null || code=$?
	checks=$((checks + 1))
	[ "$code" -eq "$wanted" ] || fail "exit status $code, not $wanted: $*"
}

# prints TEXT / says TEXT: the last command did, on standard output or error.
prints() {
	checks=$((checks + 1))
	grep -qF -- "$1" "$WORK/out" || fail "does not print: $1"
}

says() {
	checks=$((checks + 1))
	grep -qF -- "$1" "$WORK/err" || fail "does not say: $1"
}

# prints_nothing: standard output stayed empty.
prints_nothing() {
	checks=$((checks + 1))
	[ ! -s "$WORK/out" ] || fail "prints something"
}

# says_one_sentence: one line on standard error, that begins with a place or with the command's name.
says_one_sentence() {
	checks=$((checks + 1))
	[ "$(wc -l <"$WORK/err")" -eq 1 ] || fail "not one line"
}

# holds FILTER FILE...: that is true of the JSON in them, all taken into one list.
holds() {
	filter=$1
	shift
	checks=$((checks + 1))
	jq -e -s "$filter" "$@" >/dev/null || fail "$* does not hold: $filter"
}

# equal WANTED FOUND WHAT
equal() {
	checks=$((checks + 1))
	[ "$1" = "$2" ] || fail "$3: '$2', not '$1'"
}

# until_true SECONDS COMMAND...: tries it that long.
until_true() {
	tries=$(($1 * 50))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || fail "did not become true: $*"
		sleep 0.02
	done
	checks=$((checks + 1))
}

# needs_strace: the script traces processes, or makes their system calls fail.
needs_strace() {
	strace -qq -o /dev/null true 2>"$WORK/err" || fail "strace is needed, and may not trace a process here"
}

# traced STRACE_OPTION... COMMAND...: the command under strace, with all its threads and children. The leak check of a sanitizer
# traces the process itself and fails in one that is traced already.
traced() {
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 strace -f -qq "$@" </dev/null
}

# killed_at CALL N COMMAND...: true when the command died at its N-th such system call (they are numbered in each thread of its
# own), not when it ended well before; nothing else may happen. What it printed is in $WORK/out and $WORK/err.
killed_at() {
	inject=$1:signal=KILL:when=$2
	shift 2
	code=0
	traced -o /dev/null -e "trace=${inject%%:*}" -e "inject=$inject" "$@" >"$WORK/out" 2>"$WORK/err" || code=$?
	case $code in
	0) return 1 ;;
	137) ;;
	*) fail "exit status $code, where it is killed ($inject) or ends well: $*" ;;
	esac
}

# ends CODE PID: that child of ours ends with that exit status.
ends() {
	code=0
	wait "$2" || code=$?
	checks=$((checks + 1))
	[ "$code" -eq "$1" ] || fail "process $2 ended with $code, not $1"
}

# is_absent PATH...: nothing was left there.
is_absent() {
	for path in "$@"; do
		checks=$((checks + 1))
		[ ! -e "$path" ] || fail "$path exists"
	done
}

cd "$WORK"
# shellcheck source=/dev/null # any script of this folder
. "$script"
echo "$(basename "$script"): $checks checks passed"
