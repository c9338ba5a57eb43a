// An item's name: its title, else its id. A text node in a <bdi>, whatever the data holds.

import type { Named } from '../api/replies';

export const nameOf = (item: { item_id: string; title: string | null }): string => item.title?.trim() || item.item_id;

export function Title({ of }: { of: Pick<Named, 'item_id' | 'title'> }) {
  return <bdi>{nameOf(of)}</bdi>;
}
