// The sum that GET /analogy compares with: unit vectors added and taken away.

import type { Vector } from '../api/vectors';

/** null: one of them has no vector, or there is none. */
export function sumOf(plus: (Vector | undefined)[], minus: (Vector | undefined)[]): Float32Array | null {
  const first = plus[0];
  if (!first) return null;
  const sum = new Float32Array(first.length);
  for (const [vectors, sign] of [[plus, 1], [minus, -1]] as const) {
    for (const vector of vectors) {
      if (!vector) return null;
      const length = Math.hypot(...vector) || 1;
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (sign * (vector[i] ?? 0)) / length;
    }
  }
  return sum;
}
