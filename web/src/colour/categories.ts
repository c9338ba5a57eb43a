// A colour for each category: the first twelve are far apart, the others quieter. Names stand beside them everywhere.

import { effect, signal } from '@preact/signals';
import { mapHead } from '../api/popular';
import { status } from '../api/service';
import { css, oklch, type Rgb } from './oklch';
import { dark } from './theme';

const FAR_APART = [285, 45, 155, 20, 235, 95, 330, 190, 65, 260, 125, 5]; // hues
const GOLDEN = 137.5; // degrees: further hues fall between those before

/** In the order of the map of the model that serves; empty before it is there. */
export const categories = signal<string[]>([]);

/** Follows the model that serves. */
export function start(): void {
  let version: string | null = null;
  effect(() => {
    const now = status.value?.serving ? status.value.model_version : null;
    if (now === null || now === version) return;
    version = now;
    // Without a map, or without an answer, colours come from the names alone.
    mapHead().then(
      (map) => (categories.value = map?.categories ?? []),
      () => (categories.value = []),
    );
  });
}

export function rgbOf(index: number): Rgb {
  const hue = FAR_APART[index] ?? (index * GOLDEN + 30) % 360;
  const light = dark.value ? (index % 2 ? 0.78 : 0.71) : index % 2 ? 0.66 : 0.58;
  return oklch(light, index < FAR_APART.length ? 0.155 : 0.08, hue);
}

/** null: no category, or one that the map has no colour for before a letter of it decides. */
export function colourOf(category: string | null): string | null {
  if (category === null) return null;
  const index = categories.value.indexOf(category);
  return css(rgbOf(index >= 0 ? index : FAR_APART.length + spread(category)));
}

/** The same number for the same text, in every browser. */
function spread(text: string): number {
  let found = 0;
  for (const letter of text) found = (found * 31 + (letter.codePointAt(0) ?? 0)) % 997;
  return found;
}
