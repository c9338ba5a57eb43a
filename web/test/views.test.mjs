import assert from 'node:assert/strict';
import test from 'node:test';
import { hrefOf } from '../src/address/address';
import { trailAfter } from '../src/address/trail';
import { sumOf } from '../src/arithmetic/sum';
import { agreement, scaleOf } from '../src/components/strip';
import { sentenceOf } from '../src/explore/evidence';
import { askedOf, similarPath } from '../src/explore/question';
import { disliking, moved, withItem } from '../src/session/items';

const at = (item, view = 'explore') => ({ view, params: new URLSearchParams({ item }) });

test('the trail grows by the item one leaves, and a step of it leads back', () => {
  assert.deepEqual(trailAfter(['a'], at('b'), at('c')), ['a', 'b']);
  assert.deepEqual(trailAfter(['a', 'b'], at('c'), at('a')), []);
  assert.deepEqual(trailAfter(['a'], at('b'), at('b')), ['a']);
  assert.deepEqual(trailAfter(['a'], at('b'), at('c', 'map')), ['a']);
});

test('the address leaves out what is as it would be without', () => {
  assert.equal(
    hrefOf('explore', { item: 'a&b', variety: 0, score: undefined, category: ['x', 'y'] }),
    '#/explore?item=a%26b&category=x&category=y',
  );
});

test('a broken address is read as no address', () => {
  const asked = askedOf({ view: 'explore', params: new URLSearchParams('item=a&variety=7&k=x&score=odd') });
  assert.deepEqual(asked, { item: 'a', score: 'similar', variety: 0, categories: [], conditions: [], k: 12 });
});

test('an item is asked for by path, or by parameter where no path holds it', () => {
  const rest = { score: 'next', variety: 0.3, categories: ['x'], conditions: ['p:le:2'], k: 12 };
  assert.equal(
    similarPath({ item: 'a/b', ...rest }),
    '/similar/a%2Fb?k=12&score=next&explain=true&diversity=0.3&category=x&filter=p%3Ale%3A2',
  );
  assert.ok(similarPath({ item: '..', ...rest }).startsWith('/similar?item_id=..&k=12'));
});

test('the evidence is a sentence', () => {
  const evidence = { sessions: 104, lift: 39.85, first_before: 93, second_before: 11, distance: 1.5, last: null };
  assert.equal(
    sentenceOf({ source: 'model', evidence }),
    'Together in 104 sessions, 40 times more than chance. Mostly after it.',
  );
  assert.equal(
    sentenceOf({
      source: 'model',
      evidence: { ...evidence, sessions: 1, lift: 0.9, first_before: 1, second_before: 0 },
    }),
    'Together in 1 session, no more than chance.',
  );
  assert.ok(sentenceOf({ source: 'model', evidence: null }).startsWith('Never met'));
  assert.equal(sentenceOf({ source: 'popular', evidence: null }), 'Filled up: popular.');
});

test('a strip stands in the order of the picked item', () => {
  const scale = scaleOf(Int8Array.from([-5, 10, 3]));
  assert.deepEqual(scale.order, [1, 2, 0]);
  assert.equal(agreement([-1, 2, -9], scale), 2);
});

test('a session is changed without changing the one before', () => {
  const before = { items: ['a', 'b', 'c'], disliked: [] };
  assert.deepEqual(moved(before, 'c', -1).items, ['a', 'c', 'b']);
  assert.deepEqual(moved(before, 'a', -1).items, ['a', 'b', 'c']);
  assert.deepEqual(disliking(before, 'b'), { items: ['a', 'c'], disliked: ['b'] });
  assert.deepEqual(withItem({ items: ['a', 'b'], disliked: ['c'] }, 'a').items, ['b', 'a']);
  assert.deepEqual(before.items, ['a', 'b', 'c']);
});

test('the sum is of unit vectors, and there is none without each of them', () => {
  assert.deepEqual(
    [
      ...sumOf(
        [
          [1, 0],
          [0, 1],
        ],
        [[0, 1]],
      ),
    ],
    [1, 0],
  );
  assert.equal(sumOf([[1, 0], undefined], []), null);
});
