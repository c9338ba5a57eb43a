// A number from 0 to 1 that acts while it is moved.

interface Props {
  label: string;
  hint: string;
  value: number;
  step: number;
  onMove: (value: number) => void;
}

export function Slider({ label, hint, value, step, onMove }: Props) {
  return (
    <label class="slider" title={hint}>
      <span>{label}</span>
      <input
        type="range"
        min={0}
        max={1}
        step={step}
        value={value}
        onInput={(event) => onMove(Number(event.currentTarget.value))}
      />
      <output>{value}</output>
    </label>
  );
}
