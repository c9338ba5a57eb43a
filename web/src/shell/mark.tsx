// The mark: a few numbers of a few vectors.

const SHADES = [0.9, 0.35, 0.65, 0.15, 0.55, 1, 0.25, 0.8, 0.2, 0.6, 1, 0.45];

export function Mark() {
  return (
    <svg viewBox="0 0 26 26" aria-hidden="true">
      {SHADES.map((opacity, i) => (
        <rect
          key={i}
          x={1 + (i % 4) * 6.2}
          y={1 + Math.floor(i / 4) * 8.2}
          width="5"
          height="7"
          rx="1.4"
          fill="currentColor"
          opacity={opacity}
        />
      ))}
    </svg>
  );
}
