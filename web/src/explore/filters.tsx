// Conditions on the neighbours: a category, or any field of the metadata.

import { useState } from 'preact/hooks';
import { go, withParams } from '../address/address';
import type { Item } from '../api/replies';
import { categories } from '../colour/categories';
import { Icon } from '../components/icon';
import type { Asked } from './question';

const SAID: [string, string][] = [
  ['eq', 'is'],
  ['ne', 'is not'],
  ['has', 'has'],
  ['lt', 'is less than'],
  ['le', 'is at most'],
  ['gt', 'is more than'],
  ['ge', 'is at least'],
];

export function addCategory(asked: Pick<Asked, 'categories'>, category: string): void {
  if (!asked.categories.includes(category)) go(withParams({ category: [...asked.categories, category], k: undefined }));
}

/** The form. The fields offered are the picked item's own; a field of another item may be typed. */
export function Filters({ asked, item }: { asked: Asked; item: Item }) {
  const [field, setField] = useState('');
  const [op, setOp] = useState('eq');
  const [value, setValue] = useState('');
  const names = [...categories.value]
    .sort((a, b) => a.localeCompare(b))
    .filter((one) => !asked.categories.includes(one));
  return (
    <div class="filters">
      {names.length > 0 && (
        <select
          class="text"
          aria-label="Only of this category"
          value=""
          onChange={(event) => addCategory(asked, event.currentTarget.value)}
        >
          <option value="" disabled>
            Category …
          </option>
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
      <form
        class="line"
        onSubmit={(event) => {
          event.preventDefault();
          go(withParams({ filter: [...asked.conditions, `${field.trim()}:${op}:${value.trim()}`], k: undefined }));
          setValue('');
        }}
      >
        <input
          class="text"
          aria-label="Field"
          placeholder="Field"
          list="fields"
          value={field}
          onInput={(event) => setField(event.currentTarget.value)}
        />
        <datalist id="fields">
          {Object.keys(item.metadata).map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <select class="text" aria-label="Comparison" value={op} onChange={(event) => setOp(event.currentTarget.value)}>
          {SAID.map(([sign, words]) => (
            <option key={sign} value={sign}>
              {words}
            </option>
          ))}
        </select>
        <input
          class="text"
          aria-label="Value"
          placeholder="Value"
          value={value}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
        <button class="button" disabled={field.trim() === '' || value.trim() === ''}>
          Add
        </button>
      </form>
    </div>
  );
}

/** What is set, each with a way out. */
export function Chosen({ asked }: { asked: Asked }) {
  if (asked.categories.length + asked.conditions.length === 0) return null;
  return (
    <ul class="chosen" aria-label="Filters that are set">
      {asked.categories.map((one) => (
        <Removable
          key={one}
          text={one}
          onRemove={() => go(withParams({ category: asked.categories.filter((other) => other !== one) }))}
        />
      ))}
      {asked.conditions.map((one) => (
        <Removable
          key={one}
          text={inWords(one)}
          onRemove={() => go(withParams({ filter: asked.conditions.filter((other) => other !== one) }))}
        />
      ))}
    </ul>
  );
}

function Removable({ text, onRemove }: { text: string; onRemove: () => void }) {
  return (
    <li>
      <button type="button" aria-label={`Remove ${text}`} onClick={onRemove}>
        <bdi>{text}</bdi>
        <Icon name="close" />
      </button>
    </li>
  );
}

function inWords(condition: string): string {
  const [field = '', op = '', ...rest] = condition.split(':');
  return `${field} ${SAID.find(([sign]) => sign === op)?.[1] ?? op} ${rest.join(':')}`;
}
