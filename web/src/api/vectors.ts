// Vectors of items, sent as roots from -127 to 127: enough to draw, and to tell who is like whom.

import { get, pathOf } from './client';
import type { VectorsReply } from './replies';

/** Of length 1, so that all of them can be drawn and added on one scale. */
export type Vector = Float32Array;

const MOST_IDS = 200;
const MOST_CHARACTERS = 6000; // of a query: servers and proxies commonly end at 8,192

/** Of each id that has one. */
export async function vectorsOf(ids: readonly string[]): Promise<Map<string, Vector>> {
  const found = new Map<string, Vector>();
  const replies = await Promise.all(
    inParts([...new Set(ids)]).map((part) => get<VectorsReply>(pathOf('/vectors', { item_id: part }))),
  );
  for (const reply of replies) for (const [id, text] of Object.entries(reply.vectors)) found.set(id, decoded(text));
  return found;
}

function inParts(ids: string[]): string[][] {
  const parts: string[][] = [];
  let length = MOST_CHARACTERS;
  for (const id of ids) {
    const own = encodeURIComponent(id).length + 'item_id=&'.length;
    const last = parts.at(-1);
    if (!last || last.length === MOST_IDS || length + own > MOST_CHARACTERS) {
      parts.push([id]);
      length = own;
    } else {
      last.push(id);
      length += own;
    }
  }
  return parts;
}

function decoded(text: string): Vector {
  const roots = Int8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const numbers = Float32Array.from(roots, (root) => root * Math.abs(root)); // sent by the root
  const length = Math.hypot(...numbers) || 1;
  return Float32Array.from(numbers, (n) => n / length);
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb || 1);
}
