// What Explore asks, as its address has it, and as the service is asked.

import { type Place, withParams } from '../address/address';
import { pathOf } from '../api/client';
import { fitsPath } from '../api/items';
import type { Score } from '../api/replies';

export const FEWEST = 12;
export const MOST = 500; // what GET /similar gives at most

export interface Asked {
  item: string;
  score: Score;
  /** 0 to 1 */
  variety: number;
  categories: string[];
  /** FIELD:OP:VALUE */
  conditions: string[];
  k: number;
}

export function askedOf({ params }: Place): Omit<Asked, 'item'> & { item: string | null } {
  const variety = Number(params.get('variety') ?? 0);
  const k = Number(params.get('k') ?? FEWEST);
  return {
    item: params.get('item'),
    score: params.get('score') === 'next' ? 'next' : 'similar',
    variety: variety >= 0 && variety <= 1 ? variety : 0,
    categories: params.getAll('category'),
    conditions: params.getAll('filter'),
    k: Number.isInteger(k) && k > 0 && k <= MOST ? k : FEWEST,
  };
}

/** By path, or by parameter for the ids that a path cannot carry unchanged. */
export function similarPath({ item, score, variety, categories, conditions, k }: Asked): string {
  const query = { k, score, explain: true, diversity: variety || undefined, category: categories, filter: conditions };
  if (fitsPath(item)) return pathOf(`/similar/${encodeURIComponent(item)}`, query);
  return pathOf('/similar', { item_id: item, ...query });
}

/** A link to the same question about another item: score, variety and filters stay. */
export const toItem = (id: string): string => withParams({ item: id, k: undefined });
