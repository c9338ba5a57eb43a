// Keys that work everywhere but in fields: `/` searches, `g` and a letter goes to a view, `?` helps.

import { signal } from '@preact/signals';
import { go, hrefOf } from '../address/address';
import { VIEWS } from './views';

const SECOND_KEY_MS = 1200;

export const helping = signal(false);

let leading = 0; // when `g` was pressed

export function start(): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (typing(event.target) || document.querySelector('dialog[open]')) return;
    const { key } = event;
    if (Date.now() - leading < SECOND_KEY_MS) {
      leading = 0;
      const view = VIEWS.find(({ letter }) => letter === key);
      if (!view) return;
      event.preventDefault();
      go(hrefOf(view.id));
    } else if (key === 'g') {
      leading = Date.now();
    } else if (key === '/') {
      event.preventDefault();
      document.querySelector<HTMLInputElement>('[data-search], main [role=combobox]')?.focus();
    } else if (key === '?') {
      event.preventDefault();
      helping.value = true;
    }
  });
}

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['range', 'checkbox', 'radio'].includes(target.type);
  return target.isContentEditable || ['TEXTAREA', 'SELECT'].includes(target.tagName);
}
