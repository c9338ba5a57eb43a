// The API key: typed once, kept in this page's memory, gone with the tab.

import { signal } from '@preact/signals';

/** Why a key is asked for now; null: nobody asks. */
export const asked = signal<string | null>(null);

const key = signal('');
/** Goes up with each key that is given, so that what failed for want of one is asked again. */
export const given = signal(0);

/** After a refusal only the user's own click asks again: the state of the service is asked for every few seconds. */
let refused = false;

export function need(why: string): void {
  if (!refused) asked.value = why;
}

export function refuse(): void {
  refused = true;
  asked.value = null;
}

export const hasKey = (): boolean => key.value !== '';

export function give(text: string): void {
  key.value = text.trim();
  refused = false;
  asked.value = null;
  given.value += 1;
}

export function authorization(): Record<string, string> {
  return key.value === '' ? {} : { Authorization: `Bearer ${key.value}` };
}
