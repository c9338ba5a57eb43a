// The items that were seen most, for a first look, for contrast and as the plainest baseline.

import { get, orNull, pathOf } from './client';
import type { Item, MapItemsReply, MapReply, Named } from './replies';

export const MOST = 100;

export const mapHead = (): Promise<MapReply | null> => orNull(get<MapReply>('/map'));

/** Most popular first. From the map, whose items are in that order; a model without one is asked for a page of its
 * catalogue, and the most seen of that page come. */
export async function popular(): Promise<Named[]> {
  const map = await mapHead();
  if (map) {
    const path = pathOf(`/map/${encodeURIComponent(map.model_version)}/items`, { count: MOST });
    const { ids, titles } = await get<MapItemsReply>(path);
    // A hidden item has no id there.
    return ids.flatMap((item_id, i) =>
      item_id === null ? [] : [{ item_id, title: titles[i] ?? null, category: null }],
    );
  }
  const { items } = await get<{ items: Item[] }>(pathOf('/items', { limit: 500, available: true }));
  const trained = items.filter((item) => item.trained);
  return trained.sort((a, b) => (b.sessions_count ?? 0) - (a.sessions_count ?? 0)).slice(0, MOST);
}
