# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# nth.sh - the n-th allocation fails, or the n-th call of a kind, for every n; once, and from there on. Nothing crashes, hangs or
# leaks, no false end is told, the reason is said, and the run can be taken up.

# shellcheck source=tests/prove/kit.sh
. "$TREE/tests/prove/kit.sh"
in_memory
serve_effects

HANG_S=20 # an undisturbed one takes 50 ms
# Threads that ended leave their descriptor to the C library for the next one, now more and now fewer of them.
THREADS_KEPT=3

# conf MODEL AGENT BATTERIES PORTS
conf() {
	cat >conf.yaml <<END
batteries:
  store: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  fx: { so: remote.so, port: $effect_port }
$3
ports: { store: store, checkpoint: journal$4 }
tiers: { fast: $1 }
run: { lease: 2s, attempts: 9, storage_wait: 3s }
agents: { a: { tools: [pure, keyed, unsafe], max_runtime: 5s$2 } }
END
}
cat >script.yaml <<'END'
turns:
  - calls: [ { tool: keyed, args: { text: t1 } }, { tool: pure, args: { text: t2 } } ]
  - calls: [ { tool: unsafe, args: { text: t3 } } ]
  - capture: [ { from: all, pattern: '.+', group: 0, as: all, all: true, join: ' / ' } ]
    say: "Told: ${all}"
END

# ---- scenarios ----

fresh() {
	rm -rf "$XDG_STATE_HOME" results post.log trail.jsonl
	: >effects.log
}
scripted='  script: { so: model_script.so, script: script.yaml }'
scenario_loop() {
	prepare=fresh words='run -a a question --jsonl'
	conf script/x "" "$scripted" ""
}
scenario_ports() {
	prepare=fresh words='run -a a question --jsonl'
	conf script/x ", deliver: ['post:one', 'file:answer.md']" "$scripted
  post: { so: delivery.so, log: post.log }
  paper: { so: delivery_file.so, dir: results }
  lines: { so: audit_jsonl.so, path: trail.jsonl }
  purse: { so: budget_ledger.so, limits: [ { name: cap, scope: caller, unit: tokens, max: 100000000, per: 7d } ] }
  eye: { so: critic_stall.so }" ", audit: [lines], budget: purse, critic: eye, delivery: { post: post, file: paper }"
}
# over_http BATTERY: a model behind the server of the tests.
over_http() {
	prepare=fresh words='run -a a question --jsonl'
	: >mock.port
	"$MOCK" --turns 1 --tool keyed --args '{"text":"t1"}' --answer Fine. --with-parent >mock.port &
	children="$children $!"
	until_true 10 grep -q '^port [0-9]' mock.port
	conf http/any "" "  http: { so: $1, base_url: 'http://127.0.0.1:$(sed 's/port //' mock.port)/v1', retries: 1 }" ""
}
scenario_chat() {
	over_http model_openai.so
}
scenario_messages() {
	over_http model_anthropic.so
}
put_back() {
	rm -rf "$XDG_STATE_HOME"
	cp -R left "$XDG_STATE_HOME"
	cp left.log effects.log
}
scenario_resume() {
	scenario_loop
	fresh
	"$tools/at_call" -n 36 -- "$EXECUTUS" run -a a question -q -c conf.yaml -B "$TEST_BATTERIES" >"$WORK/out" 2>"$WORK/err" \
		</dev/null || :
	rm -rf left
	cp -R "$XDG_STATE_HOME" left
	cp effects.log left.log
	run_of /dev/null
	prepare=put_back words="resume $run --jsonl"
}

# ---- one failure ----

# judge: what came of it; $code, out.jsonl, err.txt and live are there.
judge() {
	case $code in
	0 | 1 | 3 | 4 | 6 | 69 | 73 | 75) ;;
	2) grep -q "no memory" err.txt || fail "exit status 2 $where: $(cat err.txt)" ;;
	# The loader of the system could not begin: it says so itself.
	127) grep -qE 'error while loading shared libraries|cannot allocate TLS' err.txt || fail "exit status 127 $where" ;;
	# The loader's own first allocations, before there is anything that could say why: it does not look at what it gets.
	139) grep -q ' mmap early:ld-linux[^ ]*$' seen 2>"$WORK/err" || fail "it crashes$(sed 's/.* / in /' seen 2>"$WORK/err") $where" ;;
	124) fail "it hangs $where" ;;
	*) fail "exit status $code $where: $(tail -n 3 err.txt)" ;;
	esac
	if [ "$code" -ne 0 ]; then
		refused=$((refused + 1))
		[ -s err.txt ] || [ "$code" -eq 139 ] || fail "exit status $code without a word $where"
	fi
	if [ -s live ]; then
		read -r _ blocks <live
		[ "$blocks" -le $((blocks_before + THREADS_KEPT)) ] ||
			fail "$((blocks - blocks_before)) allocations are left $where"
	fi
	# What is stored can be gone on with.
	run_of out.jsonl
	: >after.json
	if [ -n "$run" ]; then
		resumed=0
		x resume --all -q >resumed.out 2>"$WORK/err" || resumed=$?
		case $resumed in 0 | 1 | 6 | 69) ;; *) fail "resume ended with $resumed $where" ;; esac
		x show --facts --json "$run" >after.json 2>"$WORK/err" || fail "the facts cannot be read $where"
	fi
	wrong=$(jq -n -r --rawfile printed out.jsonl --slurpfile after after.json --rawfile log effects.log --argjson code "$code" \
		-f "$TREE/tests/prove/nth.jq" 2>&1) || fail "$wrong $where"
	[ -z "$wrong" ] || fail "$wrong $where: $(tail -n 3 err.txt)"
	tried=$((tried + 1))
}

command_line() {
	# shellcheck disable=SC2086 # words
	timeout -k 1 "$HANG_S" "$@" "$EXECUTUS" $words -c conf.yaml -B "$TEST_BATTERIES" >out.jsonl 2>err.txt </dev/null
}

# allocation N: 0 for none.
allocation() {
	command_line env LD_PRELOAD="$tools/fail_nth.so" FAIL_AT="$1" FAIL_FROM="$from" FAIL_REPORT="$WORK/live"
}
# call N: of the kind $kind.
call() {
	# shellcheck disable=SC2086 # an option or nothing
	FAIL_REPORT=$WORK/live command_line "$tools/at_call" -c "$kind" -n "$1" -e "$error" ${from:+-f} -l "$tools/fail_nth.so" -o seen --
}

# for_every WHAT: lets the first, second ... fail, until there are no more.
for_every() {
	report=live
	[ "$1" = allocation ] || report=seen
	# What never writes again is full.sh's: a run waits for its storage as long as it may.
	case $kind in write* | fdatasync*) froms=once ;; *) froms="once yes" ;; esac
	for from in $froms; do
		from=${from#once}
		n=$first
		while :; do
			where="($scenario, $1${kind:+ $kind $error} $n${from:+ and all behind it})"
			$prepare
			rm -f live seen
			code=0
			"$1" "$n" || code=$?
			judge
			# Without a report it did not end by itself, or could not write one: it was hit.
			had=$n
			if [ -s "$report" ]; then read -r had _ <"$report"; fi
			[ "$had" -ge "$n" ] || break
			n=$((n + step * shards))
		done
	done
}

# begin: the scenario, and once without any failure, which says how many allocations are left then.
begin() {
	"scenario_$scenario"
	kind='' from='' where="($scenario, undisturbed)"
	$prepare
	rm -f live
	allocation 0 || fail "exit status $? $where: $(cat err.txt)"
	read -r _ blocks_before <live
}

tried=0 refused=0
step=${quick:+101}
step=${step:-1}
first=$((1 + (shard - 1) * step))
# Not with audit_store and model_openai: OpenSSL crashes in its own code when it has no memory.
for scenario in loop ports resume; do
	begin
	for_every allocation
done
counted "allocations that failed, once or from there on" "$tried"
counted "of them with a process that had to give up, and said why" "$refused"
counts=$tried refused=0
step=${quick:+29}
step=${step:-1}
first=$((1 + (shard - 1) * step))
while read -r kind error; do
	for scenario in loop ports chat messages resume; do
		call_kind=$kind
		begin
		kind=$call_kind
		for_every call
	done
done <<END
openat EMFILE
read EIO
pread64 EIO
write ENOSPC
write EIO
writev,pwrite64,pwritev ENOSPC
writev,pwrite64,pwritev EIO
fdatasync,fsync EIO
mmap ENOMEM
rename,link,unlink,mkdir EACCES
socket EMFILE
connect ECONNREFUSED
sendto,recvfrom EIO
END
counted "calls that failed: open, read, write, sync, names, sockets" "$((tried - counts))"
counted "of them with a process that had to give up, and said why" "$refused"
