// How a list has changed since the last click: what is new in it, what went up or down.

import { useRef } from 'preact/hooks';
import type { Found } from '../api/replies';

export type Ranks = Map<string, number>;

/** Ranks of the list before this one; null at the first. `key` names the list. */
export function useEarlier(key: string | null, items: readonly Found[]): Ranks | null {
  const kept = useRef<{ key: string | null; now: Ranks; before: Ranks | null }>({
    key: null,
    now: new Map(),
    before: null,
  });
  if (key !== null && key !== kept.current.key) {
    const before = kept.current.key === null ? null : kept.current.now;
    kept.current = { key, now: new Map(items.map(({ item_id, rank }) => [item_id, rank])), before };
  }
  return kept.current.before;
}

export function Movement({ id, rank, earlier }: { id: string; rank: number; earlier: Ranks | null }) {
  if (!earlier) return null;
  const before = earlier.get(id);
  if (before === undefined) return <span class="moved new">new</span>;
  if (before === rank) return null;
  const by = Math.abs(before - rank);
  const up = before > rank;
  return (
    <span class={up ? 'moved up' : 'moved down'}>
      <span aria-hidden="true">{up ? '▲' : '▼'}</span>
      <span class="sr">{up ? 'up' : 'down'}</span> {by}
    </span>
  );
}
