# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# usage.sh - the command line: help, what is refused, what is generated.

# Help goes to standard output; a mistake to standard error, with one sentence.
gives 0 "$EXECUTUS" --help
prints "Usage: executus COMMAND"
gives 0 "$EXECUTUS" help
prints "Exit status:"
for command in run resume runs show cancel steer check batteries store help; do
	gives 0 "$EXECUTUS" help "$command"
	prints "Usage: executus $command"
	gives 0 "$EXECUTUS" "$command" --help
	prints "Usage: executus $command"
done
gives 0 "$EXECUTUS" --version
prints "executus "

# refuses SENTENCE WORD...: with 2, nothing printed, and nothing written.
refuses() {
	sentence=$1
	shift
	gives 2 "$EXECUTUS" "$@"
	says "$sentence"
	says_one_sentence
	prints_nothing
	is_absent "$XDG_STATE_HOME"
}

refuses "no command: 'executus help' lists them"
refuses "did you mean 'run'?" rum
refuses "did you mean '--agent'?" run --agnet x hi
refuses "'check' has no option '--json'" check --json
refuses "'--json' and '--jsonl' exclude each other" run --json --jsonl hi
refuses "one too many is 'is'" run what is this
refuses "'show' needs more" show
refuses "name one run, or all" resume
refuses "name one run, or all" resume --all x
refuses "no command 'rnu'" help rnu
refuses "'store' knows stat, verify, fsck, backup" store copy
refuses "'store backup' needs a file" store backup
refuses "'store stat' takes no file" store stat x.mdb
refuses "'store stat' has no option --force" store stat --force
refuses "the question is empty" run -c none.yaml
refuses "the question is empty" run "  "
refuses "'nothing.txt' cannot be opened" run --input nothing.txt
refuses "names another" run --input - hi
refuses "the battery folder 'nowhere' does not exist" check -B nowhere
printf 'a\377b' >latin.txt
refuses "not UTF-8 text (byte 1)" run --input latin.txt
head -c 4194305 /dev/zero | tr '\0' x >long.txt
refuses "holds more than 4194304 bytes" run --input long.txt

# Without a configuration there is a sentence that names where it was looked for.
gives 3 "$EXECUTUS" check
says "$XDG_CONFIG_HOME/executus/executus.yaml"
says_one_sentence
mkdir -p "$XDG_CONFIG_HOME/executus"
cp "$TREE/conf/minimal.yaml" "$XDG_CONFIG_HOME/executus/executus.yaml"
gives 3 "$EXECUTUS" check -c other.yaml
says "other.yaml"

# Man page and completions come from the same table.
gives 0 "$EXECUTUS" help --man
prints ".Dt EXECUTUS 1"
if command -v mandoc >/dev/null; then
	cp "$WORK/out" executus.1
	gives 0 mandoc -T lint executus.1
	prints_nothing
fi
gives 0 "$EXECUTUS" help --bash
prints "complete -F _executus executus"
if command -v bash >/dev/null; then
	cp "$WORK/out" completion
	gives 0 bash -n completion
	# shellcheck disable=SC2016 # for that shell
	gives 0 bash -c '. ./completion; COMP_WORDS=(executus run --du); COMP_CWORD=2; _executus; echo "${COMPREPLY[@]}"'
	prints "--durability"
fi

# A reader that went away is a failure and no crash.
code=0
"$EXECUTUS" help >/dev/full 2>"$WORK/err" || code=$?
[ "$code" -eq 73 ] || fail "exit status $code when nothing could be written"
says "standard output"
