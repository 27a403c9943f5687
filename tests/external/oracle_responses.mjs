// SPDX-License-Identifier: MIT
// oracle_responses.mjs PORT - the official client reads what our mock says, or the mock is wrong: Responses.
import OpenAI from 'openai';
import assert from 'node:assert/strict';

const client = new OpenAI({ baseURL: `http://127.0.0.1:${process.argv[2]}/v1`, apiKey: 'k', maxRetries: 1 });
const tools = [{ type: 'function', name: 'list_dir', description: 'd', strict: false, parameters: { type: 'object', properties: {} } }];
const read = (model, input) => client.responses.stream({ model, input, tools, store: false }).finalResponse();

const user = { role: 'user', content: 'hi' };
const first = await read('turns:1', [user]);
assert.equal(first.status, 'completed');
const call = first.output.find((item) => item.type === 'function_call');
assert.deepEqual([call.name, JSON.parse(call.arguments)], ['list_dir', { path: '.' }]);
assert.ok(first.usage.input_tokens > 0);

const second = await read('turns:1', [user, ...first.output, { type: 'function_call_output', call_id: call.call_id, output: 'a\n' }]);
assert.equal(second.output_text, 'hello from the mock');

await assert.rejects(() => read('401', [user]), OpenAI.AuthenticationError);
await assert.rejects(() => read('404', [user]), OpenAI.NotFoundError);
await assert.rejects(() => read('429', [user]), OpenAI.RateLimitError);
await assert.rejects(() => read('500', [user]), OpenAI.InternalServerError);
console.log('the openai client reads our Responses');
