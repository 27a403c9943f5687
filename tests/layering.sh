#!/bin/sh
# SPDX-License-Identifier: MIT
# layering.sh - holds the layers of the kernel (README.md, the tree) in a built tree: who includes whom, what it links
# and calls, which state it keeps, what a battery exports.
#
#	layering.sh BUILD_DIR    checks the sources of this tree and what was built from them
#	layering.sh --self-test  checks that broken sources and objects are found
set -eu
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/broken"

broken() {
	echo "$*" >>"$work/broken"
}

# ---- sources ----

# Headers of the C library and the kernel (of the machine) that executus's kernel may include. What opens a socket or
# starts a process is not among them.
libc='aio|assert|byteswap|ctype|dirent|dlfcn|elf|endian|errno|fcntl|float|fnmatch|glob|inttypes|langinfo|libgen|limits|link|locale|math|poll|pthread|pwd|grp|regex|sched|search|semaphore|setjmp|signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog|termios|threads|time|ucontext|uchar|unistd|utime|wchar|wctype|sys/(auxv|epoll|eventfd|file|inotify|ioctl|mman|param|prctl|random|resource|select|signalfd|stat|statfs|statvfs|sysinfo|sysmacros|time|timerfd|times|types|uio|utsname|vfs)|linux/(limits|magic|openat2)|malloc|getopt|execinfo|features'

# The layers that one may include: itself and those before it.
layers_of() {
	case $1 in
	base) echo 'base' ;;
	conf) echo 'base|conf' ;;
	fact) echo 'base|fact' ;;
	host) echo 'base|conf|host' ;;
	rows) echo 'base|conf|host|fact|rows' ;;
	run) echo 'base|conf|host|fact|rows|run' ;;
	lane) echo 'base|conf|host|fact|rows|run|lane' ;;
	cli) echo 'base|conf|host|fact|rows|run|lane|cli' ;;
	*) echo 'no layer' ;;
	esac
}

# What layer 'fact' may not ask: the time, files, other threads.
impure='base/(clock|timer|thread|pool|trust)\.h|(time|pthread|fcntl|unistd|dirent|poll|semaphore|threads|sys/.*)\.h'

# includes FILE: "quoted NAME" or "angle NAME" for each include.
includes() {
	sed -n -e 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/quoted \1/p' \
		-e 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*<\([^>]*\)>.*/angle \1/p' "$1"
}

# kernel_sources FOLDER: the include lists of every layer in it, and the functions it may not call.
kernel_sources() {
	for layer in "$1"/*/; do
		layer=$(basename "$layer")
		allowed=$(layers_of "$layer")
		find "$1/$layer" -name '*.[ch]' | sort >"$work/files"
		while read -r file; do
			includes "$file" >"$work/includes"
			while read -r kind name; do
				[ "$layer" != fact ] || ! echo "$name" | grep -qxE "$impure" ||
					broken "$file includes $name: what facts mean depends on nothing else"
				if [ "$kind" = quoted ]; then
					echo "$name" | grep -qE "^($allowed)/[^.]" ||
						broken "$file includes \"$name\": layer '$layer' may include $allowed"
				else
					echo "$name" | grep -qE "^(executus/.*|cjson/cJSON\.h|yaml\.h|($libc)\.h)$" ||
						broken "$file includes <$name>: not of the C library, cJSON or libyaml"
				fi
			done <"$work/includes"
			banned_calls "$file"
		done <"$work/files"
	done
}

banned_calls() {
	grep -nE '(^|[^A-Za-z0-9_>.])(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|alloca)[[:space:]]*\(' "$1" \
		>"$work/calls" || return 0
	while read -r line; do
		broken "$1:$line: not in this tree"
	done <"$work/calls"
}

# battery_sources FOLDER: batteries see <executus/...>, libraries, and their own files.
battery_sources() {
	find "$1" -name '*.[ch]' -o -name '*.cc' -o -name '*.cpp' | sort >"$work/files"
	while read -r file; do
		own=$(dirname "$file")
		includes "$file" >"$work/includes"
		while read -r kind name; do
			if [ "$kind" = angle ]; then
				echo "$name" | grep -qE '^(base|conf|fact|host|rows|run|lane|cli|kernel)/' &&
					broken "$file includes <$name>: a header of the kernel"
				continue
			fi
			own_or_common "$own" "$name" "$1" ||
				broken "$file includes \"$name\": not of its folder nor of a plugins/common_*"
		done <"$work/includes"
	done <"$work/files"
}

# own_or_common OWN NAME PLUGINS: does NAME lie in the battery's folder or in a common one?
own_or_common() {
	case $2 in
	../common_*/*) [ -e "$1/$2" ] && return 0 ;;
	*..*) return 1 ;;
	*) [ -e "$1/$2" ] && return 0 ;;
	esac
	[ -e "$3/$2" ] && [ "${2#common_}" != "$2" ] && return 0
	for common in "$3"/common_*/; do
		[ -e "$common$2" ] && return 0
	done
	return 1
}

# ---- objects ----

sanitized() {
	nm "$1" 2>/dev/null | grep -qE '__(asan|tsan|gcov)_'
}

# no_calls FILE: no socket, no process.
no_calls() {
	nm -u "$1" 2>/dev/null | sed 's/@.*//' | awk '{ print $NF }' | sort -u |
		grep -xE '(socket|socketpair|connect|bind|listen|accept4?|fork|vfork|_Fork|posix_spawnp?|exec[lv]p?e?|execvpe|fexecve|execveat|system|popen|daemon|dlclose|strcpy|strcat|sprintf|gets|strtok|atoi|alloca)' \
			>"$work/calls" || return 0
	while read -r name; do
		broken "$1 calls $name"
	done <"$work/calls"
}

# no_state ARCHIVE: no variable that can change, but the loader's.
no_state() {
	objdump -t "$1" | awk '
		/:[ \t]+file format/ { object = $1; sub(/:$/, "", object) }
		$4 ~ /^\.(data|bss|tdata|tbss)/ || $3 ~ /^\.(data|bss|tdata|tbss)/ || /\*COM\*/ {
			if ($0 !~ / O / && $0 !~ /\*COM\*/ && ($0 !~ /\.t(data|bss)/ || $NF ~ /^\./))
				next
			if ($0 ~ /\.data\.rel\.ro/)
				next
			name = $NF
			if (object ~ /^loader_guard\.c\.o$/ && name == "guard_now")
				next
			print object ": " name
		}' >"$work/state"
	while read -r line; do
		broken "mutable global in $line"
	done <"$work/state"
}

# needs FILE ALLOWED: its list of libraries.
needs() {
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' >"$work/needed"
	while read -r library; do
		echo "$library" | grep -qxE "$2" || broken "$1 needs $library"
	done <"$work/needed"
}

# one_symbol FILE: a battery exports its table and nothing else.
one_symbol() {
	exported=$(nm -D --defined-only "$1" | awk '{ print $NF }' | sed 's/@.*//' | sort | tr '\n' ' ')
	[ "$exported" = "executus_battery " ] ||
		broken "$1 exports '$exported': wanted executus_battery alone"
}

check_kernel() {
	archive=$1/kernel/libexecutus_kernel.a
	if [ ! -e "$archive" ]; then
		broken "$archive is missing: build it first"
		return
	fi
	if sanitized "$archive"; then
		echo "layering.sh: objects of a sanitizer or coverage build hold its state and calls: looked at sources only"
		return
	fi
	no_calls "$archive"
	no_state "$archive"
	[ -n "$(find "$here/../kernel/cli" -name '*.c' 2>/dev/null)" ] || return 0
	if [ ! -e "$1/executus" ]; then
		broken "$1/executus is missing: build it first"
		return
	fi
	no_calls "$1/executus"
	# The math library and the linker itself are parts of the C library.
	needs "$1/executus" '(libc|libm|libcjson|libyaml-0|ld-linux[-a-z0-9_]*)\.so\.[0-9]+'
}

check_batteries() {
	for list in "$here"/../plugins/*/CMakeLists.txt; do
		[ -e "$list" ] || continue
		sed -n 's/^executus_battery(\([a-z0-9_]*\).*/\1/p' "$list" >"$work/names"
		while read -r name; do
			if [ ! -e "$1/batteries/$name.so" ]; then
				broken "$1/batteries/$name.so is missing: build it first"
			elif ! sanitized "$1/batteries/$name.so"; then
				one_symbol "$1/batteries/$name.so"
			fi
		done <"$work/names"
	done
}

# ---- self-test ----

# expects WHAT: the last check must have said so; then forget it.
expects() {
	echo x >>"$work/tried"
	if ! grep -qF -- "$1" "$work/broken"; then
		echo "self-test: not found: $1" >&2
		echo x >>"$work/failed"
	fi
	: >"$work/broken"
}

expects_nothing() {
	echo x >>"$work/tried"
	if [ -s "$work/broken" ]; then
		echo "self-test: found what is not broken:" >&2
		cat "$work/broken" >&2
		echo x >>"$work/failed"
	fi
	: >"$work/broken"
}

# source_line LAYER LINE: a kernel that holds one file of one line.
source_line() {
	rm -rf "$work/kernel"
	mkdir -p "$work/kernel/$1"
	echo "$2" >"$work/kernel/$1/x.c"
	kernel_sources "$work/kernel"
}

self_test_sources() {
	source_line base '#include "conf/tree.h"'
	expects "layer 'base' may include base"
	source_line host '#include "fact/plan.h"'
	expects "layer 'host' may include"
	source_line fact '#include "host/calls.h"'
	expects "layer 'fact' may include base|fact"
	for header in '"base/clock.h"' '<time.h>' '<sys/stat.h>'; do
		source_line fact "#include $header"
		expects "depends on nothing else"
	done
	source_line run '#include "../cli/main.h"'
	expects "layer 'run' may include"
	source_line extra '#include "base/buf.h"'
	expects "layer 'extra' may include"
	for header in lmdb.h curl/curl.h sys/socket.h spawn.h; do
		source_line run "# include <$header>"
		expects "includes <$header>"
	done
	source_line base '	strcpy(a, b);'
	expects "strcpy"
	source_line base '	n = atoi (text);'
	expects "atoi"
	source_line cli '#include "fact/plan.h"
#include <stdio.h>
#include <executus/host.h>
	my_strcpy(a); b->gets(c); snprintf(d);'
	expects_nothing

	mkdir -p "$work/plugins/tool_x/sub" "$work/plugins/common_json" "$work/plugins/tool_y"
	: >"$work/plugins/tool_x/own.h"
	: >"$work/plugins/common_json/shared.h"
	: >"$work/plugins/tool_y/other.h"
	printf '#include "own.h"\n#include "shared.h"\n#include "common_json/shared.h"\n#include <lmdb.h>\n' \
		>"$work/plugins/tool_x/x.c"
	battery_sources "$work/plugins"
	expects_nothing
	for line in '"base/buf.h"' '<host/loader.h>' '"../tool_y/other.h"' '"../../kernel/base/buf.h"'; do
		echo "#include $line" >"$work/plugins/tool_x/x.c"
		battery_sources "$work/plugins"
		expects "x.c includes $line"
	done
}

# object NAME TEXT: an archive of one object.
object() {
	printf '%s\n' "$2" >"$work/$1.c"
	"${CC:-cc}" -O0 -fPIC -c "$work/$1.c" -o "$work/$1.c.o"
	rm -f "$work/t.a"
	ar rc "$work/t.a" "$work/$1.c.o"
}

self_test_objects() {
	for line in 'int counter;' 'static int counter; int f(void) { return counter++; }' 'int counter = 7;' \
		'__thread int counter;' 'int f(void) { static int counter; return counter++; }' \
		'const char *counter = "x";'; do
		object state "$line"
		no_state "$work/t.a"
		expects "mutable global in state.c.o: counter"
	done
	object constant 'const char *const words[] = { "a" }; static const int n = 3; const int *f(void) { return &n; }'
	no_state "$work/t.a"
	expects_nothing
	object loader_guard 'void *volatile guard_now;'
	no_state "$work/t.a"
	expects_nothing
	object calls 'int fork(void); int f(void) { return fork(); }'
	no_calls "$work/t.a"
	expects "calls fork"
	object calls 'int reconnect(void); int f(void) { return reconnect(); }'
	no_calls "$work/t.a"
	expects_nothing
	printf 'int executus_battery, other;\n' >"$work/two.c"
	"${CC:-cc}" -shared -fPIC -Wl,--no-as-needed -o "$work/two.so" "$work/two.c"
	one_symbol "$work/two.so"
	expects "wanted executus_battery alone"
	needs "$work/two.so" 'libm\.so\.6'
	expects "needs libc.so"
}

self_test() {
	: >"$work/failed"
	self_test_sources
	self_test_objects
	if [ -s "$work/failed" ]; then
		echo "layering.sh: $(wc -l <"$work/failed") of $(wc -l <"$work/tried") self-tests failed" >&2
		exit 1
	fi
	echo "layering.sh: $(wc -l <"$work/tried") self-tests passed"
}

case "${1-}" in
--self-test) self_test ;;
'' | -*)
	echo "usage: layering.sh BUILD_DIR | --self-test" >&2
	exit 2
	;;
*)
	kernel_sources "$here/../kernel"
	battery_sources "$here/../plugins"
	check_kernel "$1"
	check_batteries "$1"
	if [ -s "$work/broken" ]; then
		sed "s|$here/../||" "$work/broken" >&2
		echo "layering.sh: $(wc -l <"$work/broken") laws are broken" >&2
		exit 1
	fi
	echo "layering.sh: the layers hold"
	;;
esac
