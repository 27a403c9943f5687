// SPDX-License-Identifier: MIT
// oracle_ollama.mjs PORT - the official client reads what our mock says, or the mock is wrong: Ollama's chat.
import { Ollama } from 'ollama';
import assert from 'node:assert/strict';

const client = new Ollama({ host: `http://127.0.0.1:${process.argv[2]}` });
const tools = [{ type: 'function', function: { name: 'list_dir', description: 'd', parameters: { type: 'object', properties: {} } } }];

// read: the parts of a stream as one message, as the client's own examples join them.
async function read(model, messages) {
  const all = { role: 'assistant', content: '', tool_calls: [] };
  let last;
  for await (const part of await client.chat({ model, messages, tools, stream: true, options: { num_ctx: 8192 } })) {
    all.content += part.message.content;
    all.tool_calls.push(...(part.message.tool_calls ?? []));
    last = part;
  }
  return { message: all, last };
}

const user = { role: 'user', content: 'hi' };
const first = await read('turns:1', [user]);
assert.ok(first.last.done);
assert.ok(first.last.prompt_eval_count > 0 && first.last.eval_count > 0);
const call = first.message.tool_calls[0].function;
assert.deepEqual([call.name, call.arguments], ['list_dir', { path: '.' }]);

const result = { role: 'tool', tool_call_id: first.message.tool_calls[0].id, tool_name: call.name, content: 'a\n' };
const second = await read('turns:1', [user, first.message, result]);
assert.equal(second.last.done_reason, 'stop');
assert.equal(second.message.content, 'hello from the mock');

const whole = await client.chat({ model: 'x', messages: [user], stream: false });
assert.equal(whole.message.content, 'hello from the mock');
await assert.rejects(() => read('404', [user]), (error) => error.status_code === 404);
await assert.rejects(() => read('midway', [user]), /the runner died/);
console.log("the ollama client reads our lines");
