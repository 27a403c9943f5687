// SPDX-License-Identifier: MIT
// oracle_openai.mjs PORT - the official client reads what our mock says, or the mock is wrong: chat completions.
import OpenAI from 'openai';
import assert from 'node:assert/strict';

const client = new OpenAI({ baseURL: `http://127.0.0.1:${process.argv[2]}/v1`, apiKey: 'k', maxRetries: 1 });
const tools = [{ type: 'function', function: { name: 'list_dir', description: 'd', parameters: { type: 'object', properties: {} } } }];
const ask = (model, messages) => client.chat.completions.create({
  model, messages, tools, stream: true, stream_options: { include_usage: true } });

// A stream put together by the client's own helper.
async function read(model, messages) {
  let message = { content: '', calls: [] }, finish = null, usage = null;
  for await (const chunk of await ask(model, messages)) {
    usage = chunk.usage ?? usage;
    const choice = chunk.choices[0];
    if (!choice)
      continue;
    finish = choice.finish_reason ?? finish;
    message.content += choice.delta.content ?? '';
    for (const part of choice.delta.tool_calls ?? []) {
      const call = message.calls[part.index] ??= { id: part.id, name: '', args: '' };
      call.name += part.function?.name ?? '';
      call.args += part.function?.arguments ?? '';
    }
  }
  return { ...message, finish, usage };
}

const user = { role: 'user', content: 'hi' };
const first = await read('turns:1', [user]);
assert.equal(first.finish, 'tool_calls');
assert.deepEqual(first.calls.map((c) => [c.name, JSON.parse(c.args)]), [['list_dir', { path: '.' }]]);
assert.equal(first.usage.prompt_tokens, 120);

const call = first.calls[0];
const second = await read('turns:1', [user,
  { role: 'assistant', content: null, tool_calls: [{ id: call.id, type: 'function', function: { name: call.name, arguments: call.args } }] },
  { role: 'tool', tool_call_id: call.id, content: 'a\n' }]);
assert.equal(second.finish, 'stop');
assert.equal(second.content, 'hello from the mock');

// Its own runner of streams agrees with ours.
const final = await client.chat.completions.stream({ model: 'x', messages: [user] }).finalChatCompletion();
assert.equal(final.choices[0].message.content, 'hello from the mock');

// A whole answer, and what is refused.
const whole = await client.chat.completions.create({ model: 'turns:1', messages: [user], tools });
assert.equal(whole.choices[0].message.tool_calls[0].function.name, 'list_dir');
await assert.rejects(() => read('401', [user]), OpenAI.AuthenticationError);
await assert.rejects(() => read('404', [user]), OpenAI.NotFoundError);
await assert.rejects(() => read('400', [user]), OpenAI.BadRequestError);
await assert.rejects(() => read('429', [user]), OpenAI.RateLimitError);
await assert.rejects(() => read('500', [user]), OpenAI.InternalServerError);
assert.equal((await read('503:1', [user])).content, 'hello from the mock'); // it asks again, as we do
console.log('the openai client reads our chat completions');
