// The colours of a strip: blue below zero, paper at zero, orange above.

import type { Rgb } from './oklch';

interface Ends {
  zero: Rgb;
  above: Rgb;
  below: Rgb;
}

const LIGHT: Ends = { zero: [244, 243, 239], above: [226, 88, 24], below: [28, 110, 178] };
const DARK: Ends = { zero: [30, 33, 48], above: [255, 150, 72], below: [84, 170, 236] };
const BEND = 0.75; // below 1: small values are seen too

/** t: -1 to 1; what is beyond is as the end. */
export function ramp(t: number, isDark: boolean): Rgb {
  const { zero, above, below } = isDark ? DARK : LIGHT;
  const part = Math.min(1, Math.abs(t)) ** BEND;
  const end = t > 0 ? above : below;
  return zero.map((from, i) => from + ((end[i] ?? 0) - from) * part) as Rgb;
}
