# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# images.sh - questions with images: each API gets them as it wants them, they survive the process, and what is none is one sentence.

export MOCK_KEY=sk-images-0123456789
"$MOCK" --log requests --bodies --answer "A dot." >port 2>mock.err </dev/null &
children="$children $!"
until_true 10 grep -q '^port [0-9]' port
url=http://127.0.0.1:$(sed 's/port //' port)/v1
cat >conf.yaml <<END
batteries:
  store: { so: store_lmdb.so }
  journal: { so: checkpoint_journal.so }
  trail: { so: audit_jsonl.so, path: trail.jsonl }
  book: { so: audit_store.so }
  one: { so: model_anthropic.so, base_url: "$url", key: \$env:MOCK_KEY, retries: 0 }
  two: { so: model_openai.so, base_url: "$url", key: \$env:MOCK_KEY, retries: 0, context_tokens: 100000 }
  three: { so: model_openai_responses.so, base_url: "$url", key: \$env:MOCK_KEY, retries: 0 }
ports: { store: store, checkpoint: journal, audit: [trail, book] }
tiers: { one: one/plain, two: two/plain, three: three/plain, blind: two/400 }
agents: { one: { tier: one }, two: { tier: two }, three: { tier: three }, blind: { tier: blind } }
run: { redact: ['[A-Za-z0-9]{9}'] }
END
printf '\211PNG\r\n\032\nand then some bytes \000\001\377' >dot.png
printf '\377\330\377\340 a photo' >photo.jpg
printf 'GIF89a..' >moves.gif
printf 'RIFF....WEBPVP8 ' >web.webp
png=$(base64 -w 0 dot.png)
jpg=$(base64 -w 0 photo.jpg)
x() { # COMMAND ARGUMENT...
	verb=$1
	shift
	"$EXECUTUS" "$verb" -c conf.yaml "$@"
}
newest() {
	x runs -n 1 --json | jq -r '.[0].run'
}

# ---- each API in its own words, in the order of the options ----
for agent in one two three; do
	gives 0 x run -a $agent --image dot.png --image photo.jpg "what is it?"
	equal "A dot." "$(cat "$WORK/out")" "the answer of $agent"
done
jq -c .body requests >bodies
holds '.[0].messages[0].content | .[0].text == "what is it?" and (.[1:] | map(.source | [.type, .media_type, .data]))
	== [["base64", "image/png", "'"$png"'"], ["base64", "image/jpeg", "'"$jpg"'"]]' bodies
holds '.[1].messages[0].content == [{type: "text", text: "what is it?"},
	{type: "image_url", image_url: {url: "data:image/png;base64,'"$png"'"}},
	{type: "image_url", image_url: {url: "data:image/jpeg;base64,'"$jpg"'"}}]' bodies
holds '.[2].input[0].content | .[0] == {type: "input_text", text: "what is it?"} and (.[1:] | map([.type, .image_url]))
	== [["input_image", "data:image/png;base64,'"$png"'"], ["input_image", "data:image/jpeg;base64,'"$jpg"'"]]' bodies
# An image is a question by itself; all kinds.
gives 0 x run -a two --image moves.gif --image web.webp
jq -c .body requests >bodies
holds '.[3].messages[0].content | map(.type) == ["image_url", "image_url"] and (.[0].image_url.url | startswith("data:image/gif;"))
	and (.[1].image_url.url | startswith("data:image/webp;"))' bodies

# ---- it is kept, and shown as what it is ----
gives 0 x run -a one --image dot.png "what is it?"
run=$(newest)
gives 0 x show "$run" --transcript
prints "[image/png, 31 bytes]"
prints "what is it?"
gives 0 x fork "$run" --image photo.jpg "and this?"
jq -c .body requests >bodies
holds '.[-1].messages | length == 3 and .[0].content[1].source.data == "'"$png"'" and .[2].content[1].source.data == "'"$jpg"'"' bodies
gives 0 x fork "$run@0" --image photo.jpg
gives 0 x show "$(newest)" --transcript
equal 1 "$(grep -c '^\[image/png, 31 bytes\]$' "$WORK/out")" "images of the run that was forked"
equal 1 "$(grep -c '^\[image/jpeg, 12 bytes\]$' "$WORK/out")" "images of the fork"
# Whoever watches gets hash and size, not the data; no pattern is looked for in what the transcript keeps of it.
gives 0 x run -a one --jsonl --image dot.png "what is it?"
cp "$WORK/out" facts.jsonl
sum=$(sha256sum dot.png | cut -d' ' -f1)
holds '.[0].body.images | map([.mime, .bytes, .data]) == [["image/png", 31, "[image]"]]' facts.jsonl
gives 0 grep -q '"data":"\[image\]"' trail.jsonl
if grep -qF "$png" facts.jsonl trail.jsonl; then fail "a watcher got the image"; fi
gives 0 x show "$(newest)" --transcript --json
cp "$WORK/out" talk.json
holds '.[0].messages[0].parts[1] == {type: "image", mime: "image/png", data: "'"$png"'"}' talk.json
gives 0 x audit verify
gives 0 x store verify
sed -i '/redact/d' conf.yaml
gives 0 x show "$(newest)" --facts --json
cp "$WORK/out" facts.json
holds '.[0][0].body.images[0].sha256 == "'"$sum"'"' facts.json

# ---- a big one: no warning about the window, and an end in order ----
{ cat dot.png && head -c 5000000 /dev/zero; } >big.png
gives 0 x run -a two --image big.png "what is it?"
if grep -q context_tokens "$WORK/err"; then fail "counts the digits of an image as tokens"; fi
gives 0 x show "$(newest)" --transcript
prints "[image/png, 4883 KiB]"

# ---- what cannot be sent ----
refuses() { # SENTENCE ARGUMENT...
	sentence=$1
	shift
	gives 2 x run "$@" "what is it?"
	says "$sentence"
	says_one_sentence
	prints_nothing
}
echo "some text" >notes.txt
: >empty.png
head -c 5242881 /dev/zero >huge.png
refuses "'notes.txt' is no image that models take" --image dot.png --image notes.txt
refuses "'empty.png' is no image" --image empty.png
refuses "'huge.png' holds more than 5242880 bytes" --image huge.png
refuses "with 'big.png' the images are over 5 MiB together" --image big.png --image big.png
refuses "'nothing.png' cannot be opened" --image nothing.png
refuses "'.' cannot be read" --image .
images=$(yes ' --image dot.png' | head -n 16 | tr '\n' ' ')
# shellcheck disable=SC2086 # sixteen options
gives 0 x run -a two $images "what is it?"
# shellcheck disable=SC2086
refuses "more than 16 images" $images --image photo.jpg
gives 2 x fork "$run" --image notes.txt
says_one_sentence
# A server that takes none says so itself.
gives 69 x run -a blind --image dot.png "what is it?"
says "no such member"
