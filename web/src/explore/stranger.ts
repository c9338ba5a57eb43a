// An item that has nothing to do with the picked one. Sorted by the picked item any likeness looks good; against this
// one the eye sees how good.

import { popular } from '../api/popular';
import type { Named } from '../api/replies';
import { cosine, type Vector, vectorsOf } from '../api/vectors';

export interface Stranger {
  item: Named;
  vector: Vector;
  cosine: number;
}

/** Of the popular items the one whose cosine is nearest to 0. null: there is no other. */
export async function strangerOf(item: string, own: Vector): Promise<Stranger | null> {
  const known = await popular();
  const vectors = await vectorsOf(known.map(({ item_id }) => item_id));
  let best: Stranger | null = null;
  for (const candidate of known) {
    const vector = vectors.get(candidate.item_id);
    if (!vector || candidate.item_id === item) continue;
    const found = cosine(own, vector);
    if (!best || Math.abs(found) < Math.abs(best.cosine)) best = { item: candidate, vector, cosine: found };
  }
  return best;
}
