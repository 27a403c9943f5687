# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# run_demo.sh - the offline agent on real folders: its report says what find and grep say of them.

conf=$TREE/conf/demo.yaml
export EXECUTUS_DEMO_TRAIL="$WORK/trail.jsonl"

# survey FOLDER: the report is in $WORK/out, and on standard output alone.
survey() {
	EXECUTUS_DEMO_ROOT=$1
	export EXECUTUS_DEMO_ROOT
	gives 0 "$EXECUTUS" run -c "$conf" "What is in it?"
	prints "You asked: What is in it?"
	checks=$((checks + 1))
	[ ! -s "$WORK/err" ] || fail "says something of a run that went well"
}

# found_in FOLDER GLOB PATTERN: what grep finds there, written as the tool writes it.
found_in() {
	(
		cd "$1" || exit
		grep -rnE --include="$2" -e "$3" . || :
	) | sed 's|^\./||; s/:\([0-9]*\):/:\1: /'
}

# counted FOLDER: what can be counted from outside.
counted() {
	folders=$(find "$1" -mindepth 1 -maxdepth 1 -type d ! -name '.*' | wc -l)
	files=$(find "$1" -mindepth 1 -maxdepth 1 ! -type d ! -name '.*' | wc -l)
	prints "The folder holds $folders folders and $files files that are not hidden."
	found_in "$1" '*.md' '^#+ [A-Za-z]' >headings
	prints "Headings in *.md: $(grep -c . headings || :). The first ones:"
	found_in "$1" '*.c' '^(int|void) main' >starts
	found_in "$1" '*.py' '^(def|class) ' >>starts
	prints "Where C programs, Python functions and classes begin: $(grep -c . starts || :)."
}

# lists FILE PATTERN: every line of the report that looks so stands in that file, and there is one.
lists() {
	grep -E "$2" "$WORK/out" | sed 's/^  //' >listed || fail "the report lists none like $2"
	while read -r line; do
		checks=$((checks + 1))
		grep -qxF -- "$line" "$1" || fail "not found by grep: $line"
	done <listed
}

# ---- a small tree ----
mkdir -p small/src small/doc small/.hidden
printf '# Small\n\nRead me first.\n\n## How\nSo.\n' >small/README.md
printf '# Notes\n#no heading\n' >small/doc/notes.md
printf '# Hidden\n' >small/.hidden/secret.md
printf '#include <stdio.h>\nint main(void)\n{\n\treturn 0;\n}\n' >small/src/main.c
printf 'class A:\n    def b(self):\n        pass\ndef c():\n    pass\n' >small/src/tool.py
echo x >small/plain
find small -name .hidden -prune -o -type f -print >visible
mkdir seen
(cd small && tar -cf - --exclude=.hidden .) | tar -xf - -C seen
survey "$WORK/small"
counted "$WORK/seen"
lists headings '^  [^ ]*\.md:[0-9]+: '
lists starts '^  [^ ]*\.(c|py):[0-9]+: '
equal 3 "$(grep -c . headings)" "headings of the small tree"
equal 3 "$(grep -c . starts)" "beginnings of the small tree"
prints "The first folders: doc, src"
prints "The file I picked to read is 'README.md'. It begins:"
prints "  # Small"
prints "I stood at step 3 with 4 calls of tools behind me."
if grep -q "Hidden" "$WORK/out"; then fail "shows what is hidden"; fi
checks=$((checks + 1))

# Its trail and its store tell the same story.
holds 'map(.kind) | .[0] == "run_started" and .[-1] == "run_ended"' trail.jsonl
holds '[.[] | select(.kind == "call_ended") | .body.status] == ["ok", "ok", "ok", "ok", "ok", "ok"]' trail.jsonl
run=$(jq -r -s '.[0].run' trail.jsonl)
gives 0 "$EXECUTUS" show -c "$conf" --facts --json "$run"
cp "$WORK/out" facts.json
holds '.[0] | map(.kind) | .[0] == "run_started" and .[-1] == "run_ended"' facts.json
holds 'add | [.[].seq] == [range(1; length + 1)]' facts.json

# ---- an empty folder ----
mkdir empty
survey "$WORK/empty"
counted "$WORK/empty"
prints "The folder holds 0 folders and 0 files"
prints "The file I picked to read is ''."
prints "(nothing to show)"

# ---- odd names, odd content, too much content ----
mkdir odd odd/folder
echo plain >"odd/with space.txt"
printf '# Heading\nint main\n' >"odd/-rf.md"
echo star >'odd/*.txt'
echo quote >"odd/it's \"quoted\".txt"
printf 'umlaut\n' >"odd/$(printf 'gr\303\274n.txt')"
printf 'latin\n' >"odd/$(printf 'gr\374n.txt')"
printf 'line\n' >"odd/$(printf 'two\nlines.txt')"
printf 'escape\n' >"odd/$(printf 'red\033[31m.txt')"
head -c 100000 /dev/urandom >odd/random.c
printf 'int main\0binary\n' >odd/nul.c
printf '# caf\351\n' >odd/latin.md
head -c 300000 /dev/zero | tr '\0' 'x' >odd/long-line.py
truncate -s 1G odd/sparse.c
ln -s /etc/passwd odd/outside.md
ln -s nothing odd/dangling.md
ln -s . odd/loop
mkfifo odd/pipe.md
survey "$WORK/odd"
prints "The folder holds 1 folders"
if grep -q 'root:' "$WORK/out"; then fail "read what a link out of the folder names"; fi
if LC_ALL=C grep -q "$(printf '\033')" "$WORK/out"; then fail "an escape sequence got through"; fi
checks=$((checks + 2))
gives 0 iconv -f UTF-8 -t UTF-8 trail.jsonl
jq -R fromjson trail.jsonl >/dev/null || fail "a line of the trail is no JSON"

# Unknown words and a folder that is not there.
EXECUTUS_DEMO_ROOT=$WORK/nothing
gives 3 "$EXECUTUS" run -c "$conf" "What is in it?"
says "$WORK/nothing"
says_one_sentence
prints_nothing
