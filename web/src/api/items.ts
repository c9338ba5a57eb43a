// Items of the live catalogue, one by one.

import { get, orNull, pathOf } from './client';
import type { Item } from './replies';

/** Browsers and proxies fold dots and empty parts away, also when they are percent-encoded. */
export const fitsPath = (id: string): boolean =>
  !id.split('/').some((part) => part === '' || part === '.' || part === '..');

export const itemOf = (id: string): Promise<Item> =>
  get<Item>(fitsPath(id) ? `/items/${encodeURIComponent(id)}` : pathOf('/items', { item_id: id }));

/** Of each id that the service knows. */
export async function itemsOf(ids: readonly string[]): Promise<Map<string, Item>> {
  const found = await Promise.all(ids.map((id) => orNull(itemOf(id))));
  return new Map(found.flatMap((item) => (item ? [[item.item_id, item]] : [])));
}
