import assert from 'node:assert/strict';
import test from 'node:test';
import { ago, counted, ordinal, percent } from '../src/components/words';

test('numbers are said as people say them', () => {
  assert.equal(counted(1, 'session'), '1 session');
  assert.equal(counted(10129, 'session'), '10,129 sessions');
  assert.equal(percent(0.853), '85\u00a0%');
  assert.equal(percent(0.004), '0.4\u00a0%');
  assert.deepEqual([1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal), [
    '1st',
    '2nd',
    '3rd',
    '4th',
    '11th',
    '12th',
    '13th',
    '21st',
    '112th',
  ]);
});

test('a time is said by its largest unit', () => {
  const now = Date.parse('2026-11-24T12:00:00Z');
  assert.equal(ago('2026-11-24T11:25:00Z', now), '35 minutes ago');
  assert.equal(ago('2026-11-23T11:00:00Z', now), '1 day ago');
  assert.equal(ago('2026-11-24T12:00:05Z', now), 'just now');
});
