// The way one came: the items looked at before this one.

import type { Place } from './address';

export type Step = string; // an item's id

const LONGEST = 12;

/** A click from item to item adds a step; one to a step of the trail goes back to it. Elsewhere it stays as it is. */
export function trailAfter(steps: Step[], before: Place, now: Place): Step[] {
  const from = before.params.get('item');
  const to = now.params.get('item');
  if (before.view !== now.view || before.view !== 'explore' || !from || !to || from === to) return steps;
  const again = steps.indexOf(to);
  return again >= 0 ? steps.slice(0, again) : [...steps, from].slice(-LONGEST);
}
