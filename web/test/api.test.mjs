import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { curlOf } from '../src/api/curl';
import { pathOf } from '../src/api/client';
import { fitsPath } from '../src/api/items';
import * as key from '../src/api/key';
import { asProblem, problemOf } from '../src/api/problem';
import { cosine, vectorsOf } from '../src/api/vectors';

const words = (line) =>
  execFileSync('sh', ['-c', `printf '%s\\n' ${line.slice('curl '.length)}`], { encoding: 'utf8' }).trimEnd();

test('a shell reads the copied command back, whatever the ids hold', () => {
  const body = { items: ["it's", '$(rm)', '"'] };
  assert.equal(words(curlOf({ path: "/similar/it's%20$HOME" })), "http://127.0.0.1:8000/similar/it's%20$HOME");
  assert.ok(words(curlOf({ method: 'POST', path: '/recommend', body })).includes(JSON.stringify(body)));
});

test('the key itself is never in the copied command', () => {
  key.give('secret-key');
  assert.ok(!curlOf({ path: '/items' }).includes('secret-key'));
  assert.deepEqual(key.authorization(), { Authorization: 'Bearer secret-key' });
  key.give('');
});

test('a refused question for a key is not asked again', () => {
  key.need('one');
  key.refuse();
  key.need('two');
  assert.equal(key.asked.value, null);
});

test('lists repeat their parameter and what is unset is left out', () => {
  assert.equal(pathOf('/a', { x: ['1', '2 &'], y: undefined, z: false, k: 0 }), '/a?x=1&x=2+%26&k=0');
});

test('ids that a path would change are told apart', () => {
  assert.deepEqual(['a/b', 'a', '..', 'a//b', 'a/./b', ''].map(fitsPath), [true, true, false, false, false, false]);
});

test('a problem is read from problem+json and from what a proxy left', async () => {
  const told = new Response('{"code": "item_unknown", "detail": "no x"}', { status: 404 });
  assert.equal((await problemOf(told)).title, 'No such item');
  const proxy = await problemOf(new Response('<html>', { status: 502, statusText: 'Bad Gateway' }));
  assert.equal(proxy.title, 'The service could not answer');
  assert.equal(asProblem(new TypeError('Failed to fetch')).status, 0);
});

test('vectors are asked for in parts that a query can carry, and decoded', async () => {
  const asked = [];
  globalThis.fetch = async (path) => {
    const ids = new URLSearchParams(path.split('?')[1]).getAll('item_id');
    asked.push(ids.length);
    assert.ok(path.length < 8000);
    const vectors = Object.fromEntries(ids.map((id) => [id, btoa('\x7f\x81')]));
    return Response.json({ model_version: 'v', dims: 2, scale: 1, vectors, unknown: [] });
  };
  const ids = Array.from({ length: 450 }, (_, i) => (i < 300 ? `short${i}` : 'x'.repeat(200) + i));
  const found = await vectorsOf([...ids, 'short0']);
  assert.equal(found.size, 450);
  assert.ok(asked.every((n) => n <= 200));
  assert.deepEqual([...found.get('short7')], [Math.fround(Math.SQRT1_2), -Math.fround(Math.SQRT1_2)]);
});

test('the cosine of a vector with itself is 1, and of nothing 0', () => {
  assert.ok(Math.abs(cosine([3, 4], [3, 4]) - 1) < 1e-12);
  assert.equal(cosine([0, 0], [1, 2]), 0);
});
