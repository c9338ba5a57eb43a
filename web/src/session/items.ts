// The session that is put together by clicks: in the address while it is looked at, in memory between.

import { signal } from '@preact/signals';
import { hrefOf } from '../address/address';

export interface Chosen {
  /** Ids, oldest first. */
  items: string[];
  disliked: string[];
}

export const NOTHING: Chosen = { items: [], disliked: [] };

export const remembered = signal<Chosen>(NOTHING);

/** Adds an item at the end, from any view; how many there are then. */
export function add(id: string): number {
  remembered.value = withItem(remembered.value, id);
  return remembered.value.items.length;
}

export const chosenOf = (params: URLSearchParams): Chosen => ({
  items: params.getAll('item'),
  disliked: params.getAll('not'),
});

export const isEmpty = ({ items, disliked }: Chosen): boolean => items.length + disliked.length === 0;

export const hrefTo = ({ items, disliked }: Chosen): string => hrefOf('session', { item: items, not: disliked });

/** An item that comes twice counts where it came last. */
export const withItem = ({ items, disliked }: Chosen, id: string): Chosen => ({
  items: [...items.filter((one) => one !== id), id],
  disliked: disliked.filter((one) => one !== id),
});

export const without = ({ items, disliked }: Chosen, id: string): Chosen => ({
  items: items.filter((one) => one !== id),
  disliked: disliked.filter((one) => one !== id),
});

export const disliking = (chosen: Chosen, id: string): Chosen => {
  const rest = without(chosen, id);
  return { ...rest, disliked: [...rest.disliked, id] };
};

/** One place earlier (-1) or later (1). */
export function moved({ items, disliked }: Chosen, id: string, by: -1 | 1): Chosen {
  const at = items.indexOf(id);
  const to = at + by;
  if (at < 0 || to < 0 || to >= items.length) return { items, disliked };
  const found = items.filter((one) => one !== id);
  found.splice(to, 0, id);
  return { items: found, disliked };
}
