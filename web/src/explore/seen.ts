// All that the view of one item needs, loaded together so that nothing on it moves afterwards.

import { get } from '../api/client';
import { itemOf } from '../api/items';
import { type Problem, asProblem } from '../api/problem';
import type { Item, ListReply } from '../api/replies';
import { type Vector, vectorsOf } from '../api/vectors';
import { type Asked, similarPath } from './question';

export interface Seen {
  item: Item;
  /** null where the service refuses the question, for a filter that cannot be for example. */
  reply: ListReply | null;
  refused: Problem | null;
  /** Empty where there are none: the list is worth seeing without strips. */
  vectors: Map<string, Vector>;
}

/** Raises Problem where the item itself cannot be had. */
export async function seenOf(asked: Asked): Promise<Seen> {
  const [item, answer] = await Promise.all([itemOf(asked.item), get<ListReply>(similarPath(asked)).catch(asProblem)]);
  if (answer instanceof Error) return { item, reply: null, refused: answer, vectors: new Map() };
  const ids = [item.item_id, ...answer.items.map(({ item_id }) => item_id)];
  const vectors = await vectorsOf(ids).catch(() => new Map<string, Vector>());
  return { item, reply: answer, refused: null, vectors };
}
