# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# kit.sh - what the parts of scripts/prove share. A part is run by tests/e2e/run.sh, and begins with this.
#
# PROVE=quick: the small share of each part that is a test. SHARD=I/N: only every N-th point, from the I-th on.

quick=
[ "${PROVE:-whole}" != quick ] || quick=yes
shard=${SHARD:-1/1}
shards=${shard#*/}
shard=${shard%/*}
tools=${EXECUTUS%/executus}/tests/prove
[ -x "$tools/at_call" ] || fail "the tools of the proof are not built here"
: "$quick" "$shards"

# in_memory: where the disk is not what is tried, thousands of states are quicker in memory.
in_memory() {
	[ -w /dev/shm ] || return 0
	rm -rf "$WORK"
	WORK=$(mktemp -d /dev/shm/executus-prove.XXXXXX)
	cd "$WORK" || fail "no folder in memory"
	export XDG_STATE_HOME="$WORK/state" HOME="$WORK/home"
	mkdir "$HOME"
}

# counted WHAT NUMBER: one row of the table.
counted() {
	printf 'count\t%s\t%s\n' "$1" "$2"
}

# serve_effects: starts the server of effects; its port is $effect_port, its memory effects.log.
serve_effects() {
	: >effects.log
	: >port
	"$tools/effect_server" "$WORK/effects.log" >port &
	server=$!
	children="$children $server"
	until_true 10 grep -q '^port [0-9]' port
	effect_port=$(sed 's/port //' port)
	: "$effect_port"
}

x() { # COMMAND ARGUMENT...
	verb=$1
	shift
	"$EXECUTUS" "$verb" -c conf.yaml -B "$TEST_BATTERIES" "$@" </dev/null
}

# run_of FILE: the id of the run whose facts are in it, one a line, else of the stored one that was asked "question"; in $run.
run_of() {
	run=
	IFS= read -r line <"$1" || :
	case $line in
	*'"run":"'*'"'*)
		run=${line#*\"run\":\"}
		run=${run%%\"*}
		;;
	*) run=$(x runs --json | jq -r '[.[] | select(.input == "question")][0].run // empty') ;;
	esac
}
