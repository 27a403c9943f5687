# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# batteries.sh - what is listed of batteries, good and bad.

gives 0 "$EXECUTUS" batteries
for battery in store_lmdb checkpoint_journal audit_jsonl model_script tool_fs; do
	prints "$battery.so"
	prints "executus.$battery "
done
prints "ABI 1.0: executus.store/1"

# Of a file: every option with type, default and help.
gives 0 "$EXECUTUS" batteries tool_fs.so
prints "  root: path, required"
prints "  max_read: size, greater than 0, default 256k"
gives 0 "$EXECUTUS" batteries delivery_stdout.so
prints "  format: choice of text|json, default text"
gives 0 "$EXECUTUS" batteries "$BATTERIES/tool_status.so"
prints "  no options"
gives 0 "$EXECUTUS" batteries --json tool_fs.so
prints '"key":"root","type":"path","required":true'

# One beside the batteries that is none is a row of its own.
mkdir more
cp "$BATTERIES/tool_status.so" more/fine.so
head -c 2000 "$BATTERIES/tool_status.so" >more/half.so
echo text >more/text.so
gives 0 "$EXECUTUS" batteries -B more
prints "fine.so"
grep -q '^half\.so .*half\.so' "$WORK/out" || fail "half.so has no row with a sentence"
grep -q '^text\.so .*text\.so' "$WORK/out" || fail "text.so has no row with a sentence"
gives 0 "$EXECUTUS" batteries -B more --json
prints '"error":"'

gives 3 "$EXECUTUS" batteries more/half.so
says "half.so"
says_one_sentence
(cd more && gives 0 "$EXECUTUS" batteries fine.so)
gives 3 "$EXECUTUS" batteries tool_sf.so
says "did you mean 'tool_fs.so'?"
chmod 666 more/fine.so
gives 3 "$EXECUTUS" batteries more/fine.so
says "more/fine.so"
says "chmod"
