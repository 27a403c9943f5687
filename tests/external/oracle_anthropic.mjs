// SPDX-License-Identifier: MIT
// oracle_anthropic.mjs PORT - the official client reads what our mock says, or the mock is wrong: Messages.
import Anthropic from '@anthropic-ai/sdk';
import assert from 'node:assert/strict';

const client = new Anthropic({ baseURL: `http://127.0.0.1:${process.argv[2]}`, apiKey: 'k', maxRetries: 1 });
const tools = [{ name: 'list_dir', description: 'd', input_schema: { type: 'object', properties: {} } }];
const read = (model, messages) => client.messages.stream({ model, max_tokens: 100, messages, tools }).finalMessage();

const user = { role: 'user', content: 'hi' };
const first = await read('turns:1', [user]);
assert.equal(first.stop_reason, 'tool_use');
const call = first.content.find((block) => block.type === 'tool_use');
assert.deepEqual([call.name, call.input], ['list_dir', { path: '.' }]);
assert.ok(first.usage.input_tokens > 0);

const second = await read('turns:1', [user, { role: 'assistant', content: first.content },
  { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'a\n' }] }]);
assert.equal(second.stop_reason, 'end_turn');
assert.equal(second.content.filter((block) => block.type === 'text').map((block) => block.text).join(''), 'hello from the mock');

await assert.rejects(() => read('401', [user]), Anthropic.AuthenticationError);
await assert.rejects(() => read('404', [user]), Anthropic.NotFoundError);
await assert.rejects(() => read('429', [user]), Anthropic.RateLimitError);
await assert.rejects(() => read('500', [user]), Anthropic.InternalServerError);
console.log('the anthropic client reads our Messages');
