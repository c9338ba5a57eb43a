// What else the catalogue says of an item; a click keeps the neighbours of which the same is said.

import { go, withParams } from '../address/address';

const MOST = 8;
const LONGEST = 80; // characters of a value

interface Fact {
  name: string;
  value: string;
  /** As GET /similar takes it. */
  condition: string;
}

interface Props {
  metadata: Record<string, unknown>;
  conditions: string[];
}

export function Facts({ metadata, conditions }: Props) {
  const facts = factsOf(metadata).slice(0, MOST);
  if (facts.length === 0) return null;
  return (
    <ul class="tags" aria-label="Further fields">
      {facts.map(({ name, value, condition }) => (
        <li key={condition}>
          <button
            type="button"
            title="Only neighbours with the same"
            disabled={conditions.includes(condition)}
            onClick={() => go(withParams({ filter: [...conditions, condition], k: undefined }))}
          >
            <bdi class="field">{name}</bdi>{' '}
            <bdi>{value.length > LONGEST ? `${value.slice(0, LONGEST - 1)}…` : value}</bdi>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Each element of a list is a fact of its own. */
export function factsOf(metadata: Record<string, unknown>): Fact[] {
  return Object.entries(metadata).flatMap(([name, value]) =>
    Array.isArray(value)
      ? value.map((one) => ({ name, value: String(one), condition: `${name}:has:${one}` }))
      : [{ name, value: String(value), condition: `${name}:eq:${value}` }],
  );
}
