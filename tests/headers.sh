#!/bin/sh
# SPDX-License-Identifier: MIT
# headers.sh - holds the laws of the contract: every header under include/executus compiles alone as C11 and
# C++17 without a warning, and its structs and function pointers keep the rules of docs/ABI.md.
#
#	headers.sh              checks the headers of this tree
#	headers.sh --self-test  checks that broken headers are found
set -eu

here=$(cd "$(dirname "$0")" && pwd)
include=$(dirname "$here")/include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings="-Wall -Wextra -Wconversion -Wpedantic -Werror"

# alone FOLDER HEADER: compiles a file that includes this header and nothing else.
alone() {
	printf '#include <%s>\n' "$2" >"$work/alone.c"
	# shellcheck disable=SC2086 # a list of options
	"${CC:-cc}" -std=c11 $warnings -I"$1" -fsyntax-only -x c "$work/alone.c" &&
		"${CXX:-c++}" -std=c++17 $warnings -I"$1" -fsyntax-only -x c++ "$work/alone.c"
}

# laws FILE: prints what is broken; its last line counts.
laws() {
	LC_ALL=C awk -f "$here/headers.awk" "$1"
}

check_tree() {
	bad=0 files=0 structs=0 pointers=0
	find "$include/executus" -name '*.h' | sort >"$work/list"
	while read -r file; do
		alone "$include" "${file#"$include"/}" || bad=$((bad + 1))
		laws "$file" >"$work/said"
		if grep -v '^count ' "$work/said" >&2; then
			bad=$((bad + 1))
		fi
		# shellcheck disable=SC2046 # two numbers
		set -- $(sed -n 's/^count //p' "$work/said")
		files=$((files + 1)) structs=$((structs + $1)) pointers=$((pointers + $2))
	done <"$work/list"
	if [ "$pointers" -eq 0 ] || [ "$structs" -eq 0 ]; then
		echo "headers.sh: no struct or no function pointer was found: the reader is broken" >&2
		exit 1
	fi
	if [ "$bad" -ne 0 ]; then
		echo "headers.sh: $bad failures in $files headers" >&2
		exit 1
	fi
	echo "headers.sh: $files headers, $structs structs, $pointers function pointers, all tagged"
}

# What stands on the right of a pipe runs in a shell of its own, so the self-test counts in files.
tried() {
	echo x >>"$work/tried"
}

failed() {
	echo x >>"$work/failed"
	echo "self-test: $1" >&2
}

# breaks WHAT: the header on stdin must be refused with a sentence that holds WHAT.
breaks() {
	tried
	cat >"$work/t.h"
	laws "$work/t.h" | grep -v '^count ' >"$work/said" || :
	if ! grep -qF -- "$1" "$work/said"; then
		failed "not found: $1"
		cat "$work/t.h" >&2
	fi
}

# keeps COUNT: the header on stdin must pass, with that many structs and function pointers.
keeps() {
	tried
	cat >"$work/t.h"
	laws "$work/t.h" >"$work/said"
	if [ "$(cat "$work/said")" != "count $1" ]; then
		failed "'count $1' wanted, found:"
		cat "$work/said" "$work/t.h" >&2
	fi
}

# member DECLARATION: a struct with this member.
member() {
	printf 'typedef struct exs_t {\n\tuint32_t size;\n\t%s\n} exs_t;\n' "$1"
}

self_test_members() {
	for type in bool _Bool long int unsigned short float 'enum kind' 'long long' 'unsigned int' char; do
		member "$type x;" | breaks "fixed width"
	done
	member 'size_t n;' | breaks "fixed width"
	member 'uint32_t x : 3;' | breaks "fixed width"
	member 'FILE *f;' | breaks "fixed width"
	member 'union { int32_t a; } u;' | breaks "inside a struct"
	printf 'typedef struct exs_t {\n\tint32_t kind;\n\tuint32_t size;\n} exs_t;\n' | breaks "first member"
	printf 'typedef struct exs_battery {\n\tuint32_t size;\n} exs_battery;\n' | breaks "uint32_t abi"
	printf 'typedef enum { A } exs_kind;\n' | breaks "an enum crosses"
	printf 'typedef struct exs_str {\n\tconst char *p;\n\tsize_t n;\n} exs_str;\n' | keeps "1 0"
	member 'const char *const *ports; /* a list */' | keeps "1 0"
	member 'char words[240];' | keeps "1 0"
}

self_test_tags() {
	member 'void (*fn)(void *arg);' | breaks "without a thread tag"
	member 'void (*fn)(void *arg); /* some thread */' | breaks "without a thread tag"
	member 'void (*fn)(void *arg); /* [moon-thread] */' | breaks "without a thread tag"
	member '/* [any-thread] */
	void (*one)(void *arg);
	void (*two)(void *arg);' | breaks "without a thread tag"
	member '/* [any-thread] */
	void (*fn)(void (*row)(void *arg), void *arg);' | breaks "callback without"
	member 'void (*fn)(void (*row)(void *arg) /* [any-thread] */, void *arg);' | breaks "pointer without"
	printf 'typedef void (*exs_fn)(void *arg);\n' | breaks "without a thread tag"
	member '/* [any-thread] */
	void (*fn)(const char *format, ...);' | breaks "varargs"
	member '/* [any-thread] */
	int (*fn)(void *arg);' | breaks "'int' crosses"
	member '/* [any-thread] */
	void (*fn)(bool on);' | breaks "'bool' crosses"
	member '/* [any-thread] */
	void (*one)(void *arg);
	void (*two)(void *arg); /* [main-thread] */' | keeps "1 2"
	member '/* Calls back. [worker-thread] */
	exs_status (*fn)(exs_self *self, void (*row)(void *arg) /* [worker-thread] */, void *arg);' | keeps "1 2"
}

self_test_compile() {
	mkdir -p "$work/include"
	printf 'static int f(void);\n' >"$work/include/warns.h"
	printf 'uint32_t needs_stdint(void);\n' >"$work/include/not_alone.h"
	printf 'struct exs_new { int x; };\nstatic inline int f(struct exs_new new) { return new.x; }\n' \
		>"$work/include/not_cxx.h"
	printf '#include <stdint.h>\ntypedef int32_t exs_status;\n' >"$work/include/fine.h"
	for header in warns.h not_alone.h not_cxx.h; do
		tried
		if alone "$work/include" "$header" 2>/dev/null; then
			failed "$header compiled"
		fi
	done
	tried
	alone "$work/include" fine.h || failed "fine.h did not compile"
}

self_test() {
	: >"$work/failed"
	self_test_members
	self_test_tags
	self_test_compile
	if [ -s "$work/failed" ]; then
		echo "headers.sh: $(wc -l <"$work/failed") of $(wc -l <"$work/tried") self-tests failed" >&2
		exit 1
	fi
	echo "headers.sh: $(wc -l <"$work/tried") self-tests passed"
}

case "${1-}" in
--self-test) self_test ;;
'') check_tree ;;
*)
	echo "usage: headers.sh [--self-test]" >&2
	exit 2
	;;
esac
