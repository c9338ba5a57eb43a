// A vector as a strip of colours, one for each of its numbers. Under one another, what is alike looks alike.

import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { Vector } from '../api/vectors';
import { ramp } from '../colour/ramp';
import { dark } from '../colour/theme';

/** In which order the numbers stand, and which value has the full colour: both of the item all are compared with. */
export interface Scale {
  order: number[];
  most: number;
  anchor: ArrayLike<number>;
}

const FULL = 0.95; // this part of the numbers is below the full colour: one that is far out is to have no say over all

export function scaleOf(anchor: ArrayLike<number>): Scale {
  const values = Array.from(anchor);
  const order = values.map((_, i) => i).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
  const sizes = values.map(Math.abs).sort((a, b) => a - b);
  return { order, most: sizes[Math.floor(sizes.length * FULL)] || 1, anchor };
}

/** For those who do not see colours: in how many numbers the two have the same sign. */
export function agreement(vector: ArrayLike<number>, { anchor }: Scale): number {
  let found = 0;
  for (let i = 0; i < anchor.length; i++) if ((vector[i] ?? 0) >= 0 === (anchor[i] ?? 0) >= 0) found += 1;
  return found;
}

interface Props {
  vector: Vector;
  scale: Scale;
}

export function Strip({ vector, scale }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const isDark = dark.value;
  useLayoutEffect(() => {
    const drawn = canvas.current;
    const context = drawn?.getContext('2d');
    if (!drawn || !context) return;
    drawn.width = scale.order.length;
    drawn.height = 1;
    const image = context.createImageData(drawn.width, 1);
    scale.order.forEach((at, i) => image.data.set([...ramp((vector[at] ?? 0) / scale.most, isDark), 255], 4 * i));
    context.putImageData(image, 0, 0);
  }, [vector, scale, isDark]);
  const count = useMemo(() => agreement(vector, scale), [vector, scale]);
  const said =
    vector === scale.anchor
      ? `Its ${vector.length} numbers, largest first`
      : `Same sign in ${count} of ${vector.length} numbers`;
  return <canvas ref={canvas} class="strip" role="img" aria-label={said} title={said} />;
}

const STEPS = 40;
const EVEN = Float32Array.from({ length: STEPS }, (_, i) => (2 * i) / (STEPS - 1) - 1);

/** What the colours mean. */
export function StripLegend() {
  const scale = useMemo<Scale>(() => ({ order: [...EVEN.keys()], most: 1, anchor: EVEN }), []);
  return (
    <span class="legend" aria-hidden="true">
      − <Strip vector={EVEN} scale={scale} /> +
    </span>
  );
}
