// The place for "Where it lives": whoever can draw the map gives a component, and Explore shows it.

import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';

export interface MiniMapProps {
  /** Picked item's id. */
  item: string;
  /** Ids of its neighbours, best first. */
  neighbours: string[];
}

/** Draws an item among its neighbours, about 316 by 250 pixels, as wide as its parent. */
export type MiniMap = ComponentType<MiniMapProps>;

/** null: nobody draws, and the panel is left out. */
export const miniMap = signal<MiniMap | null>(null);
