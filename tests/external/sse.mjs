// SPDX-License-Identifier: MIT
// sse.mjs SSE_CUTS - our reader of server-sent events against eventsource-parser: 500 streams, each cut 2,000 times.
import { spawnSync } from 'node:child_process';
import { createParser } from 'eventsource-parser';

const STREAMS = 500, CUTS = 2000;

// A generator with a seed: a difference can be looked at again.
let seed = 20261126;
const below = (n) => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return (seed >>> 8) % n;
};
const pick = (list) => list[below(list.length)];

const values = ['', ' ', 'a', ' two words', '  two spaces', '{"a":1}', 'caf\u00e9 \u{1f600}', ':colon', 'x'.repeat(300), '\ttab'];
const fields = ['data', 'data', 'data', 'data', 'event', 'id', 'retry', 'other', '', 'data data', 'Data'];

function stream() {
  const end = pick(['\n', '\r\n', '\r', null]); // null: mixed
  const eol = () => end ?? pick(['\n', '\r\n', '\r']);
  let text = below(4) === 0 ? '\ufeff' : '';
  for (let i = below(12); i >= 0; i--) {
    for (let j = below(5); j > 0; j--) {
      const field = pick(fields);
      text += below(8) === 0 ? `:${pick(values)}${eol()}`
        : below(8) === 0 ? `${field}${eol()}`
        : `${field}:${pick(['', ' '])}${field === 'id' && below(4) === 0 ? 'a\0b' : pick(values)}${eol()}`;
    }
    if (below(10) !== 0)
      text += eol();
  }
  return text + (below(3) === 0 ? 'data: never ended' : '');
}

const streams = Array.from({ length: STREAMS }, stream);
const theirs = streams.map((text) => {
  const events = [];
  const parser = createParser({ onEvent: (event) => event.data && events.push(event.data) }); // ours skips empty ones
  parser.feed(text);
  return events.map((data) => Buffer.from(data).toString('hex') + ',').join('');
});

const input = Buffer.concat(streams.flatMap((text) => {
  const bytes = Buffer.from(text);
  return [Buffer.from(`${bytes.length}\n`), bytes];
}));
const run = spawnSync(process.argv[2], [String(CUTS)], { input, maxBuffer: 1 << 28 });
if (run.status !== 0) {
  console.error(`${run.stderr}`);
  process.exit(1);
}
const ours = run.stdout.toString().split('\n').slice(0, -1);
let different = ours.length === STREAMS ? 0 : 1, events = 0;
streams.forEach((text, i) => {
  events += theirs[i].split(',').length - 1;
  if (ours[i] === theirs[i])
    return;
  if (different++ < 3)
    console.error(`stream ${i} ${JSON.stringify(text)}\n  theirs ${theirs[i]}\n  ours   ${ours[i]}`);
});
console.log(`${STREAMS} streams, ${events} events, ${STREAMS * CUTS} ways to cut them, ${different} differences`);
process.exit(different || events < STREAMS ? 1 : 0);
