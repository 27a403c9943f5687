# SPDX-License-Identifier: MIT
# verify.jq - prints what is wrong with the facts and the effects of $run, before it was taken up and after; nothing when all is true.
#
# $printed: facts that were told, one a line; $before, $after: what is stored; $log_before, $log: what the server of effects saw;
# $texts: "TOOL:TEXT ..." of all calls; $status and $told: how it has to end; $doubt: "maybe" when unsafe calls may be in doubt.

def lines: split("\n") | map(select(length > 0) | split(" "));
def did($log; $keys; $text): $log | lines
	| map(select(.[0] == "did" and .[3] == $text and (.[2] as $k | $keys | index([$k])))) | length;
def about($log; $key): $log | lines | map(select(.[2] == $key)) | length;
# The last line may lack its end.
($printed | split("\n")[:-1] | map(fromjson | select(.run == $run and .seq))) as $acknowledged
| ($before[0] // []) as $b | $after[0] as $a | $a[-1].body.output as $output
| ($a | map(select(.kind == "call_ended"))) as $ended
| ($a | map(select(.kind == "call_started").body.key) | unique) as $keys
| ($b | map(select(.kind == "call_ended" and .body.status == "ok") | .call)) as $over
| ($texts | split(" ") | map(select(length > 0) | split(":") | { tool: .[0], text: .[1] })) as $wanted
| (if any($acknowledged[]; $b[.seq - 1] != .) then "an acknowledged fact is lost" else empty end),
(if $a[:($b | length)] != $b then "a stored fact is lost, or another one" else empty end),
(if [$a[].seq] != [range(1; ($a | length) + 1)] then "facts are not numbered" else empty end),
(if ($a | map(select(.kind == "run_ended")) | length) != 1 or $a[-1].kind != "run_ended" then "not one end" else empty end),
(if $a[-1].body.status != $status then "the end is \($a[-1].body)" else empty end),
(if ($ended | map(.call) | length != (unique | length)) then "a call ended twice" else empty end),
(if ($a | map(select(.kind == "call_started")) | group_by(.call) | any(.[]; map(.body.key) | unique | length != 1))
	then "a call has two keys" else empty end),
($wanted[] | did($log; $keys; .text) as $n
	| if .tool == "pure" then (if $n < 1 then "\(.text) was never done" else empty end)
	elif .tool == "unsafe" then (if $n > 1 then "unsafe \(.text) was done \($n) times" else empty end)
	elif $n != 1 then "\(.tool) \(.text) was done \($n) times" else empty end),
# What had ended by then is not made again, whatever its class.
($b[] | select(.kind == "call_started" and (.call as $c | $over | index([$c]))) | .body.key as $key
	| if about($log; $key) != about($log_before; $key) then "a call that had ended was made again" else empty end),
(if $doubt == "no" then (if $output != $told then "the answer is \($output)" else empty end)
else ($told | split(" / ")) as $t | ($output | split(" / ")) as $o
	| if ($t | length) != ($o | length) then "the answer is \($output)" else range(0; $t | length)
		| select($t[.] != $o[.] and ($wanted[.].tool != "unsafe" or ($o[.] | contains("OUTCOME UNKNOWN") | not)))
		| "part \(.) of the answer is \($o[.])" end
end)
