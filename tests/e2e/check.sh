# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# check.sh - every mistake of a configuration is one sentence, exit status 3, and nothing is written.

# A good one first, so that what follows fails for its own reason.
mkdir root
good() {
	cat <<END
batteries:
  store: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  fs: { so: tool_fs.so, root: root }
  console: { so: delivery_stdout.so }
ports: { store: store, checkpoint: journal, delivery: { stdout: console } }
tiers: { fast: script/any }
agents: { helper: { tools: [list_dir, grep], deliver: [stdout] } }
END
}
printf 'turns:\n  - say: Hello.\n' >script.yaml
good >good.yaml
gives 0 "$EXECUTUS" check -c good.yaml
prints "store        executus.store_lmdb"
prints "checkpoint   journal"
prints "delivery     stdout: console"
prints "fast         script/any"
prints "tools: list_dir grep"
[ ! -s "$WORK/err" ] || fail "says something of a good configuration"
rm -rf "$XDG_STATE_HOME"

# refused_late PLACE SENTENCE: bad.yaml, with that place in front; by check as by run. What only shows when batteries are
# opened may find an empty store made, which is complete.
refused_late() {
	for command in check run; do
		if [ "$command" = run ]; then
			gives 3 "$EXECUTUS" run -c bad.yaml question
		else
			gives 3 "$EXECUTUS" check -c bad.yaml
		fi
		says "$2"
		says_one_sentence
		prints_nothing
		checks=$((checks + 1))
		[ -z "$1" ] || grep -q "^[^ ]*bad.yaml:$1: " "$WORK/err" || fail "the place is not bad.yaml:$1"
	done
}

# refused PLACE SENTENCE: the same, and nothing was written.
refused() {
	refused_late "$@"
	is_absent "$XDG_STATE_HOME" root/executus root/state
}

# bad SED_SCRIPT PLACE SENTENCE: the good one with one change.
bad() {
	good | sed "$1" >bad.yaml
	refused "$2" "$3"
}

bad_late() {
	good | sed "$1" >bad.yaml
	refused_late "$2" "$3"
	rm -rf "$XDG_STATE_HOME"
}

bad 's/^ports:/prots:/' 7:1 "did you mean 'ports'?"
bad 's/root: root/rot: root/' 5:25 "rot"
bad 's/root: root/root: [a]/' 5:31 "root"
bad 's/tool_fs.so, root: root/tool_fs.so, root: root, max_read: much/' 5:47 "max_read"
bad 's/store_lmdb.so }/store_lmdb.so, limit: 1x }/' 2:38 "limit"
bad 's/tool_fs.so/tool_sf.so/' 5:13 "did you mean 'tool_fs.so'?"
bad 's/store: store,/stor: store,/' 7:10 "did you mean 'store'?"
bad 's/store: store,/store: stoer,/' 7:17 "did you mean 'store'?"
bad 's/store: store,/store: [store, journal],/' 7:17 "store"
bad_late 's/checkpoint: journal/checkpoint: console/' 7:36 "does not fill port 'checkpoint'"
bad_late 's/grep/gerp/' "9:[0-9]*" "did you mean 'grep'?"
bad_late 's/script\/any/console\/any/' 8:16 "is not a model"
bad 's/journal: {/store: {/' 3:3 "store"
bad_late 's/script: script.yaml/script: nothing.yaml/' "4:[0-9]*" "nothing.yaml"
bad_late 's/root: root/root: nothing/' "5:[0-9]*" "nothing"

# Files.
gives 3 "$EXECUTUS" check -c nothing.yaml
says "nothing.yaml"
says_one_sentence
echo "include: nothing.yaml" >bad.yaml
refused 1:10 "nothing.yaml"
echo "include: other.yaml" >bad.yaml
echo "include: bad.yaml" >other.yaml
gives 3 "$EXECUTUS" check -c bad.yaml
says "bad.yaml"
says_one_sentence
: >bad.yaml && chmod 666 bad.yaml
refused "" "chmod"
rm -f bad.yaml
mkdir -m 777 open && good >open/bad.yaml
gives 3 "$EXECUTUS" check -c open/bad.yaml
says "open"
says_one_sentence

# YAML that is not for people.
echo "tiers: { a: &x 1, b: *x }" >bad.yaml
refused "1:[0-9]*" "anchor"
printf 'tiers: { a: ' >bad.yaml
head -c 200000 /dev/zero | tr '\0' '[' >>bad.yaml
refused "1:[0-9]*" "32"
printf 'a: \377\n' >bad.yaml
refused "" "UTF-8"

# A battery that others may write, and half of one.
cp "$BATTERIES/tool_status.so" mine.so
good | sed 's/^ports:/  mine: { so: .\/mine.so }\nports:/' >bad.yaml
cp bad.yaml trial.yaml
gives 0 "$EXECUTUS" check -c trial.yaml
rm -rf "$XDG_STATE_HOME"
chmod 666 mine.so
refused 7:15 "mine.so"
chmod 644 mine.so
head -c 3000 "$BATTERIES/tool_status.so" >mine.so
refused 7:15 "mine.so"

# State in reach of a tool: not even made there.
bad 's/store_lmdb.so }/store_lmdb.so, path: root\/state }/' 5:25 "contains the store"
bad 's/root: root/root: ./; s/^ports:/state: state\nports:/' "5:[0-9]*" "contains the"
bad "s|root: root|root: $WORK|" "5:[0-9]*" "put it outside, or name it in 'deny'"
good | sed "s|root: root|root: $WORK, deny: [\"$XDG_STATE_HOME/executus\"]|" >denied.yaml
gives 0 "$EXECUTUS" check -c denied.yaml
ln -s "$WORK" link
good | sed "s|root: root|root: link|" >bad.yaml
rm -rf "$XDG_STATE_HOME"
refused "5:[0-9]*" "contains the"

# A state folder that cannot be used, and a store in it that cannot.
unusable() {
	good >bad.yaml
	for command in check runs "show 01x" "resume --all"; do
		# shellcheck disable=SC2086 # words
		gives 3 "$EXECUTUS" -c bad.yaml $command
		says "$1"
		says_one_sentence
		prints_nothing
	done
	rm -rf "$XDG_STATE_HOME"
}
for folder in executus executus/store; do
	mkdir -p "$(dirname "$XDG_STATE_HOME/$folder")"
	echo text >"$XDG_STATE_HOME/$folder"
	unusable "$XDG_STATE_HOME/$folder"
	mkdir -p "$(dirname "$XDG_STATE_HOME/$folder")"
	mkdir -m 777 "$XDG_STATE_HOME/$folder"
	unusable "chmod"
done
if [ "$(id -u)" -ne 0 ]; then
	mkdir -p "$XDG_STATE_HOME"
	mkdir -m 000 "$XDG_STATE_HOME/executus"
	unusable "$XDG_STATE_HOME/executus"
fi

# The shipped ones.
gives 0 "$EXECUTUS" check -c "$TREE/conf/minimal.yaml"
export EXECUTUS_DEMO_ROOT="$WORK/root" EXECUTUS_DEMO_TRAIL="$WORK/trail.jsonl"
mkdir shipped # these keep files beside them
cp -R "$TREE/conf" shipped
gives 0 env OPENAI_API_KEY=k "$EXECUTUS" check -c shipped/conf/openai.yaml
gives 0 env OPENAI_API_KEY=k HOOK_SECRET="a secret of some length" "$EXECUTUS" check -c shipped/conf/operator.yaml
prints "budget       purse"
prints "delivery     file: paper, webhook: hook"
for file in shipped/conf/providers/*.yaml; do
	# shellcheck disable=SC2016,SC2046 # the $ is of the file; one word for each key
	gives 0 env $(sed -n 's/^[^#]*\$env:\([A-Z0-9_]*\).*/\1=k/p' "$file") "$EXECUTUS" check -c "$file"
done
gives 0 "$EXECUTUS" check -c "$TREE/conf/demo.yaml"
unset EXECUTUS_DEMO_ROOT
gives 3 "$EXECUTUS" check -c "$TREE/conf/demo.yaml"
says "EXECUTUS_DEMO_ROOT"

# The README shows that file, to the letter.
# shellcheck disable=SC2016 # backquotes of Markdown
sed -n '/^```yaml$/,/^```$/p' "$TREE/README.md" | sed '1d;$d' >shown.yaml
gives 0 diff shown.yaml "$TREE/conf/minimal.yaml"
gives 0 grep -c . shown.yaml
prints 8
