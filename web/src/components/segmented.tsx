// One of a few, all of them seen.

interface Props<T extends string> {
  label: string;
  options: readonly (readonly [T, string])[];
  value: T;
  onPick: (value: T) => void;
}

export function Segmented<T extends string>({ label, options, value, onPick }: Props<T>) {
  return (
    <div class="segmented" role="group" aria-label={label}>
      {options.map(([option, name]) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => onPick(option)}>
          {name}
        </button>
      ))}
    </div>
  );
}
