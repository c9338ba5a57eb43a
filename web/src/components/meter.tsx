// A number with a bar below it.

interface Props {
  text: string;
  /** 0 to 1 */
  part: number;
  label: string;
}

export function Meter({ text, part, label }: Props) {
  return (
    <span class="score" title={label}>
      <span class="sr">{label} </span>
      {text}
      <span class="meter" aria-hidden="true">
        <i style={{ transform: `scaleX(${Math.max(0, Math.min(1, part))})` }} />
      </span>
    </span>
  );
}
