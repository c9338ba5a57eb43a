// Why an item is in the list, in a sentence.

import type { Found } from '../api/replies';
import { counted } from '../components/words';

const MOSTLY = 2 / 3;
const ENOUGH = 3; // sessions with an order, before one speaks of it
const FILLED: Record<string, string> = {
  content: 'Never seen in a session with it: alike by what the catalogue says.',
  type: 'Filled up: of the same type.',
  category: 'Filled up: popular in its category.',
  popular: 'Filled up: popular.',
};

export function sentenceOf({ source, evidence }: Pick<Found, 'source' | 'evidence'>): string {
  const filled = FILLED[source];
  if (filled) return filled;
  if (!evidence) return 'Never met in one session: alike by the company they keep.';
  const { sessions, lift, first_before: before, second_before: after } = evidence;
  const times = lift >= 10 ? String(Math.round(lift)) : lift.toFixed(1);
  const chance = lift >= 1.05 ? `, ${times} times more than chance` : ', no more than chance';
  return `Together in ${counted(sessions, 'session')}${chance}.${orderOf(before, after)}`;
}

function orderOf(before: number, after: number): string {
  const all = before + after;
  if (all < ENOUGH) return '';
  if (before / all > MOSTLY) return ' Mostly after it.';
  return after / all > MOSTLY ? ' Mostly before it.' : '';
}
