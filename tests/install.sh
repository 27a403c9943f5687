#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh - an installed executus is complete: its headers, its packages, its program, and batteries that
# others build against them.
#
#	install.sh BUILD_DIR    installs that build to a fresh folder and works with what lies there
set -eu
export LC_ALL=C

if [ $# -ne 1 ]; then
	echo "usage: install.sh BUILD_DIR" >&2
	exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
source=$(dirname "$here")
build=$(cd "$1" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/install.XXXXXX")
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
claims=0
broken=0
warnings="-Wall -Wextra -Wconversion -Werror"
# What would answer from elsewhere than from the prefix.
unset DESTDIR PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR EXECUTUS_CONF

# claim SENTENCE COMMAND [ARG ...]: the command must end well.
claim() {
	claims=$((claims + 1))
	sentence=$1
	shift
	if "$@" >"$work/said" 2>&1; then
		return 0
	fi
	broken=$((broken + 1))
	echo "install.sh: not so: $sentence" >&2
	sed 's/^/    /' "$work/said" >&2
}

# Without it nothing behind it makes sense.
must() {
	claim "$@"
	[ "$broken" -eq 0 ] || exit 1
}

# ---- what is installed ----

# All of them: each port has a shipped battery and a conformance suite.
same_headers() {
	(cd "$source/include" && find executus -name '*.h' | sort) >"$work/wanted"
	(cd "$prefix/include" && find . -type f | sed 's|^\./||' | sort) >"$work/found"
	diff "$work/wanted" "$work/found"
}

# Each header finds all that it includes.
headers_compile() {
	while read -r header; do
		echo "#include <$header>" >"$work/alone.c"
		# shellcheck disable=SC2086,SC2046 # lists of options
		"${CC:-cc}" $warnings $(pkg-config --cflags executus) -fsyntax-only "$work/alone.c" || return 1
	done <"$work/found"
}

all_batteries() {
	find "$build/batteries" -name '*.so' -exec basename {} \; | sort >"$work/wanted"
	find "$batteries" -type f -exec basename {} \; | sort >"$work/found"
	[ -s "$work/wanted" ] && diff "$work/wanted" "$work/found"
}

# ---- batteries of others ----

# by_hand SOURCE OUT [PACKAGE]: one line of the compiler.
by_hand() {
	# shellcheck disable=SC2086,SC2046 # lists of options
	"${CC:-cc}" $warnings $(pkg-config --cflags executus ${3-}) -shared -fPIC -o "$2" "$1" \
		$(pkg-config --libs executus ${3-})
}

# by_cmake FOLDER: in a copy of the folder, and beside the other batteries in the end.
by_cmake() {
	cmake -S "$work/$1" -B "$work/$1/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_INSTALL_PREFIX="$prefix" &&
		cmake --build "$work/$1/build" &&
		cmake --install "$work/$1/build"
}

exports_one_symbol() {
	[ "$(nm -D --defined-only "$1" | awk '{ print $NF }')" = executus_battery ] || {
		nm -D --defined-only "$1"
		return 1
	}
}

# ---- running ----

# conf NAME HELLO DICE SIDES: a configuration that plays a file and needs no network.
conf() {
	cat >"$work/$1" <<-END
		state: $work/state
		batteries:
		  script: { so: model_script.so, script: $work/turns.yaml }
		  hello: { so: "$2", greeting: "so far" }
		  dice: { so: "$3", sides: $4 }
		ports:
		  audit: [hello]
		tiers:
		  fast: script/any
		agents:
		  player: { tools: [roll_dice] }
	END
}

program() {
	timeout 60 "$prefix/bin/executus" "$@" </dev/null
}

# answers CONF: the run ends well, the tool's result is in the answer, and the trail says its line.
answers() {
	program -c "$work/$1" run "hi" >"$work/stdout" 2>"$work/stderr" || {
		cat "$work/stdout" "$work/stderr"
		return 1
	}
	cat "$work/stdout" "$work/stderr"
	grep -qE '^I rolled [0-9]+ [0-9]+ [0-9]+\.$' "$work/stdout" && grep -qE 'so far: [1-9][0-9]* facts' "$work/stderr"
}

refuses_one_side() {
	code=0
	program -c "$work/one_side.yaml" check >"$work/stdout" 2>"$work/stderr" || code=$?
	cat "$work/stdout" "$work/stderr"
	[ "$code" -eq 3 ] && grep -qE 'one_side\.yaml:[0-9]+:[0-9]+: .*a die has 2 to 1000 sides, not 1' "$work/stderr"
}

# ---- the claims ----

must "it installs" cmake --install "$build" --prefix "$prefix"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name executus.pc)")
export PKG_CONFIG_PATH
must "pkg-config finds it" pkg-config --exists --print-errors executus
batteries=$(pkg-config --variable=batterydir executus)

claim "the headers are those of the ports that are filled" same_headers
claim "each header compiles with pkg-config's flags" headers_compile
claim "every battery of the build is there" all_batteries
claim "the program says its version" program --version

cp -R "$source/examples/battery-hello" "$source/examples/battery-dice" "$work"
claim "hello builds in one line" by_hand "$work/battery-hello/hello.c" "$work/audit_hello.so"
claim "dice builds in one line" by_hand "$work/battery-dice/dice.c" "$work/tool_dice.so" libcjson
claim "hello exports one symbol" exports_one_symbol "$work/audit_hello.so"
claim "dice exports one symbol" exports_one_symbol "$work/tool_dice.so"
claim "hello builds with find_package" by_cmake battery-hello
claim "dice builds with find_package" by_cmake battery-dice
claim "hello lies beside the other batteries" test -f "$batteries/audit_hello.so"
claim "hello of CMake exports one symbol" exports_one_symbol "$batteries/audit_hello.so"

cat >"$work/turns.yaml" <<-'END'
	turns:
	  - calls: [{ tool: roll_dice, args: { count: 3 } }]
	  - say: "I rolled ${result}."
END
conf by_hand.yaml ./audit_hello.so ./tool_dice.so 20
conf by_cmake.yaml audit_hello.so tool_dice.so 6
conf one_side.yaml ./audit_hello.so ./tool_dice.so 1
claim "check takes what was built in one line" program -c "$work/by_hand.yaml" check
claim "check takes what was built with CMake" program -c "$work/by_cmake.yaml" check
claim "a run rolls dice and is counted" answers by_hand.yaml
claim "a run with what was built with CMake does so too" answers by_cmake.yaml
claim "a die with one side is refused with its place" refuses_one_side
claim "hello keeps the contract of its port" "$build/tests/conformance/port_audit" "$work/audit_hello.so"
claim "dice keeps the contract of its port" "$build/tests/conformance/port_tool" "$work/tool_dice.so" sides=6

if [ "$broken" -ne 0 ]; then
	echo "install.sh: $broken of $claims claims do not hold" >&2
	exit 1
fi
echo "install.sh: $claims claims hold"
