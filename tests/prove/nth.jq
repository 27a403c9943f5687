# SPDX-License-Identifier: MIT
# nth.jq - prints what is wrong after one thing failed and the run was taken up; nothing when all is as it may be.
#
# $printed: what the process printed, $code: what it ended with; $after: the facts of the run now; $log: what was done.
def lines: split("\n") | map(select(length > 0) | split(" "));
($printed | split("\n") | map(fromjson? // empty | select(.seq))) as $acknowledged
| ($after[0] // []) as $a | ($log | lines | map(select(.[0] == "did"))) as $did
| (if any($acknowledged[]; $a[.seq - 1] != .) then "a fact that was told is lost" else empty end),
(if $code == 0 and ($acknowledged[-1] | .kind != "run_ended" or .body.status != "ok")
	then "it ended well and has told no end" else empty end),
if ($a | length) == 0 then (if ($did | length) > 0 then "an effect of a run that is not stored" else empty end) else
(if [$a[].seq] != [range(1; ($a | length) + 1)] then "facts are not numbered" else empty end),
(if ($a | map(select(.kind == "run_ended")) | length) != 1 or $a[-1].kind != "run_ended" then "not one end" else empty end),
# One effect for each key, and each that was told as done was done.
(if ($did | map(select(.[1] != "pure") | .[2]) | length != (unique | length)) then "an effect happened twice" else empty end),
($a[-1].body.output // "" | scan("wrote (t[0-9]+)") | .[0] as $text
	| select($did | any(.[]; .[3] == $text) | not) | "\($text) was told as done and was not")
end
