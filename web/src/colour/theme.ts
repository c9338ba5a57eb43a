// Whether the page is dark now: canvases cannot ask CSS.

import { signal } from '@preact/signals';

const query = matchMedia('(prefers-color-scheme: dark)');

export const dark = signal(query.matches);

query.addEventListener('change', () => {
  dark.value = query.matches;
});

export const stillness = matchMedia('(prefers-reduced-motion: reduce)');
