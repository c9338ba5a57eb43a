// What else the catalogue says of an item.

const MOST = 6;
const LONGEST = 80; // characters of a value

export function Facts({ metadata }: { metadata: Record<string, unknown> }) {
  const fields = Object.entries(metadata).slice(0, MOST);
  if (fields.length === 0) return null;
  return (
    <ul class="tags" aria-label="Further fields">
      {fields.map(([name, value]) => (
        <li key={name}>
          <span>
            <bdi>{name}</bdi>
          </span>{' '}
          <bdi>{shortened(value)}</bdi>
        </li>
      ))}
    </ul>
  );
}

function shortened(value: unknown): string {
  const text = Array.isArray(value) ? value.join(', ') : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
