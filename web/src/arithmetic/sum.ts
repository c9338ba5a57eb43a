// The sum that GET /analogy compares with: unit vectors added and taken away.

import type { Vector } from '../api/vectors';

/** null: one of them has no vector, or there is none. Its length is not 1, as it is only compared by its direction. */
export function sumOf(plus: (Vector | undefined)[], minus: (Vector | undefined)[]): Vector | null {
  const first = plus[0];
  if (!first) return null;
  const sum = new Float32Array(first.length);
  for (const [vectors, sign] of [
    [plus, 1],
    [minus, -1],
  ] as const) {
    for (const vector of vectors) {
      if (!vector) return null;
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + sign * (vector[i] ?? 0);
    }
  }
  return sum;
}
