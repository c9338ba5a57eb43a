// Equations that hold in this data: four popular items that make a parallelogram, a - b + c near d.

import { popular } from '../api/popular';
import type { Named } from '../api/replies';
import { cosine, vectorsOf } from '../api/vectors';

const AMONG = 50; // items; the search looks at each four of them
const SHOWN = 4;
const APART = 0.6; // cosine that the ends of a side stay below
const CLEAR = 0.4; // cosine of the two sides above which it is worth showing

export interface Example {
  a: Named;
  b: Named;
  c: Named;
  d: Named;
  /** Cosine of a - b and d - c. */
  parallel: number;
}

/** The clearest, no item in two of them; with unit vectors a - b is parallel to d - c where the equation holds. Those
 * come first in which d is no near neighbour of a: that a loft in the same city is near is no news. */
export async function findExamples(): Promise<Example[]> {
  const known = (await popular()).slice(0, AMONG);
  const vectors = await vectorsOf(known.map(({ item_id }) => item_id));
  const items = known.filter(({ item_id }) => vectors.has(item_id));
  const likeness = items.map(({ item_id: one }) =>
    items.map(({ item_id: other }) => cosine(vectors.get(one) ?? [], vectors.get(other) ?? [])),
  );
  const found = parallelograms(likeness);
  return chosen(items, [...found.filter(({ news }) => news), ...found.filter(({ news }) => !news)]);
}

interface Figure {
  /** Places of a, b, c, d. */
  places: [number, number, number, number];
  parallel: number;
  news: boolean;
}

/** Of each a and b the clearest figure of either kind, the clearest first. */
function parallelograms(likeness: number[][]): Figure[] {
  const of = (i: number, j: number): number => likeness[i]?.[j] ?? 0;
  const n = likeness.length;
  const found: Figure[] = [];
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) {
      if (a === b || of(a, b) > APART) continue;
      const side = Math.sqrt(2 - 2 * of(a, b));
      const best: [Figure | null, Figure | null] = [null, null];
      for (let d = 0; d < n; d++) {
        if (d === a || d === b) continue;
        for (let c = 0; c < n; c++) {
          if (c === a || c === b || c === d || of(c, d) > APART) continue;
          const other = Math.sqrt(2 - 2 * of(c, d));
          const parallel = (of(a, d) - of(a, c) - of(b, d) + of(b, c)) / (side * other);
          const news = of(a, d) <= APART && of(b, c) <= APART;
          if (parallel <= Math.max(CLEAR, best[news ? 0 : 1]?.parallel ?? 0)) continue;
          best[news ? 0 : 1] = { places: [a, b, c, d], parallel, news };
        }
      }
      found.push(...best.filter((figure) => figure !== null));
    }
  }
  return found.sort((x, y) => y.parallel - x.parallel);
}

function chosen(items: Named[], found: Figure[]): Example[] {
  const used = new Set<number>();
  const examples: Example[] = [];
  for (const { places, parallel } of found) {
    if (places.some((at) => used.has(at))) continue;
    const [a, b, c, d] = places.map((at) => items[at]);
    if (!a || !b || !c || !d) continue;
    for (const at of places) used.add(at);
    examples.push({ a, b, c, d, parallel });
    if (examples.length === SHOWN) break;
  }
  return examples;
}
