// Where one is, as the address says it: `/#/explore?item=t000327&score=next`. Every state has one, and back goes back.

import { signal } from '@preact/signals';
import * as scroll from './scroll';
import type { Step } from './trail';
import { trailAfter } from './trail';

export interface Place {
  view: string;
  params: URLSearchParams;
}

/** What an entry of the browser's history remembers besides its address. */
export interface Entry {
  trail: Step[];
  y: number;
}

type Value = string | number | undefined;
export type Params = Record<string, Value | readonly string[]>;

export const START = 'explore';

export const place = signal<Place>(read());
export const trail = signal<Step[]>(entry().trail);

function read(): Place {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  return { view: path || START, params: new URLSearchParams(query) };
}

function entry(): Entry {
  const state = history.state as Partial<Entry> | null;
  return { trail: Array.isArray(state?.trail) ? state.trail : [], y: typeof state?.y === 'number' ? state.y : 0 };
}

/** Undefined, empty and 0 are what a state is without being told, and are left out. */
export function hrefOf(view: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one) query.append(name, String(one));
  }
  const text = query.toString();
  return text === '' ? `#/${view}` : `#/${view}?${text}`;
}

/** To another place, which back comes back from. */
export function go(href: string): void {
  const before = place.value;
  history.replaceState({ trail: trail.value, y: scrollY }, '');
  history.pushState(null, '', href);
  const now = read();
  const next = trailAfter(trail.value, before, now);
  history.replaceState({ trail: next, y: 0 }, '');
  trail.value = next;
  place.value = now;
  if (before.view !== now.view || before.params.get('item') !== now.params.get('item')) scroll.toTop();
}

/** The same place said otherwise: a slider on its way, a default filled in. Back does not stop here. */
export function restate(href: string): void {
  history.replaceState({ trail: trail.value, y: scrollY }, '', href);
  place.value = read();
}

/** The present place with some parameters changed. */
export function withParams(changed: Params): string {
  const { view, params } = place.value;
  const all: Record<string, string[]> = {};
  for (const name of new Set(params.keys())) all[name] = params.getAll(name);
  return hrefOf(view, { ...all, ...changed });
}

/** Links within the page go through `go`; what the user opens in another tab stays the browser's. */
function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  const href = link?.getAttribute('href');
  if (!href?.startsWith('#/')) return;
  event.preventDefault();
  if (href !== location.hash) go(href);
}

export function start(): void {
  history.scrollRestoration = 'manual';
  document.addEventListener('click', follow);
  addEventListener('popstate', () => {
    const { trail: steps, y } = entry();
    trail.value = steps;
    place.value = read();
    scroll.restore(y);
  });
  scroll.remember((y) => history.replaceState({ trail: trail.value, y }, ''));
  scroll.restore(entry().y);
}
