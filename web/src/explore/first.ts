// The item that Explore opens with: the most popular one that has neighbours.

import { get } from '../api/client';
import { popular } from '../api/popular';
import type { ListReply } from '../api/replies';
import { type Asked, FEWEST, similarPath } from './question';

const TRIES = 5;

/** null: none of the first few has neighbours. */
export async function firstItem(): Promise<string | null> {
  const known = await popular();
  for (const { item_id } of known.slice(0, TRIES)) {
    const asked: Asked = { item: item_id, score: 'similar', variety: 0, categories: [], conditions: [], k: FEWEST };
    const { items } = await get<ListReply>(similarPath(asked));
    if (items.some(({ source }) => source === 'model')) return item_id;
  }
  return known[0]?.item_id ?? null;
}
