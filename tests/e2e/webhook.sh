# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# webhook.sh - signed webhooks with the real command, a receiver of another process, and openssl to say whether a signature is right.

RECEIVER=$(dirname "$MOCK")/receiver
# receiver WHAT: another one, in an empty folder `got`; its port is in $port.
receiver() {
	[ -z "${receiver_pid:-}" ] || { kill "$receiver_pid"; wait "$receiver_pid" 2>/dev/null || :; }
	rm -rf got port
	mkdir got
	"$RECEIVER" got "$1" >port &
	receiver_pid=$!
	children="$children $receiver_pid"
	until_true 10 test -s port
	port=$(cat port)
}
conf() { # MORE OPTIONS
	cat >conf.yaml <<END
batteries:
  disk: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  script: { so: model_script.so, script: script.yaml }
  hook: { so: delivery_webhook.so, secret: \$env:HOOK_SECRET, allow: [127.0.0.1]$1 }
ports: { store: disk, checkpoint: journal, delivery: { webhook: hook } }
tiers: { fast: script/x }
agents: { a: {} }
END
}
x() { # COMMAND ARGUMENT...
	verb=$1
	shift
	"$EXECUTUS" "$verb" -c conf.yaml "$@"
}
newest() {
	x runs --json | jq -r '.[0].run'
}
header() { # NUMBER NAME
	sed -n "s/^$2: //Ip" "got/$1.head" | tr -d '\r'
}
key=0123456789abcdef0123456789abcdef
HOOK_SECRET=whsec_$(printf %s "$key" | openssl base64 -A)
export HOOK_SECRET
echo 'turns: [ { say: "Ünï: done." } ]' >script.yaml

# The receiver can tell by the key alone that it is from us, and what was said.
receiver 204
conf ""
gives 0 x run --deliver "webhook:http://127.0.0.1:$port/in?x=1" "go"
run=$(newest)
equal "$run.0" "$(header 1 webhook-id)" "webhook-id"
wanted=v1,$(printf '%s.%s.%s' "$(header 1 webhook-id)" "$(header 1 webhook-timestamp)" "$(cat got/1.body)" |
	openssl dgst -sha256 -mac HMAC -macopt "key:$key" -binary | openssl base64 -A)
equal "$wanted" "$(header 1 webhook-signature)" "signature"
holds ".[0].type == \"run.ended\" and .[0].data.run == \"$run\" and .[0].data.output == \"Ünï: done.\" and .[0].data.status == \"ok\"" got/1.body
gives 0 x show --json "$run"
holds '.[0].deliveries | map(.state) == ["delivered"]' out

# It is down, and later it is not: the same id, another time stamp.
receiver 500,500,503,204
gives 0 x run --deliver "webhook:http://127.0.0.1:$port/" "go"
run=$(newest)
gives 0 x show "$run"
prints "pending, 3 tries, again from "
prints "the receiver answered 503"
gives 0 x resume --all --now
gives 0 x show "$run"
prints "delivered, 4 tries"
equal "$run.0" "$(cut -d' ' -f2 got/log | sort -u)" "ids in four tries"

# It wants no more: failed for good, also for the next run, and that is no end of the run.
receiver 410,204
gives 0 x run --deliver "webhook:http://127.0.0.1:$port/" "go"
says "the receiver answered 410"
gives 0 x run --deliver "webhook:http://127.0.0.1:$port/" "go"
says "is left alone until gone_for is over"
equal 1 "$(wc -l <got/log)" "requests to who is gone"
gives 0 x show "$(newest)"
prints "failed, 1 try: "

# Nothing goes where it should not.
receiver 302
gives 0 x run --deliver "webhook:http://127.0.0.1:$port/" "go"
says "redirects are not followed"
gives 0 x run --deliver "webhook:https://169.254.169.254/latest/meta-data" "go"
says "169.254.169.254 is a link-local address: put it into 'allow' if that is meant"
gives 0 x run --deliver "webhook:http://user:secret@127.0.0.1:$port/" "go"
says "holds no user and password"

# What is long is cut and linked.
printf 'turns: [ { say: "%s" } ]\n' "$(head -c 9000 /dev/zero | tr '\0' x)" >script.yaml
receiver 204
conf ', max_body: 2k, link: "https://runs.example.org/{run}"'
gives 0 x run --deliver "webhook:http://127.0.0.1:$port/" "go"
[ "$(wc -c <got/1.body)" -le 2048 ] || fail "the body is longer than max_body"
holds ".[0].data | .truncated and .output_bytes == 9000 and .link == \"https://runs.example.org/$(newest)\"" got/1.body

# Its key is in no log and no fact; without one nothing starts.
gives 0 x show --facts --json "$(newest)"
! grep -q "$HOOK_SECRET" out || fail "the key is in the facts"
HOOK_SECRET=short
gives 3 x check
says "'secret' is no key: it is whsec_ and the base64 of 24 to 64 bytes"
