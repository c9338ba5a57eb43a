// A word on what was just done, gone after some seconds.

import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

const STAYS_MS = 4000;

const said = signal<ComponentChildren>(null);
let timer = 0;

export function toast(words: ComponentChildren): void {
  said.value = words;
  clearTimeout(timer);
  timer = setTimeout(() => (said.value = null), STAYS_MS);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {said.value !== null && <div class="toast">{said.value}</div>}
    </div>
  );
}
