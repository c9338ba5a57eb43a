// A field that finds an item as one types: a combobox by the ARIA pattern, list closed until there is something in it.

import type { Ref } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { get, pathOf } from '../api/client';
import { asProblem } from '../api/problem';
import type { Named, SuggestReply } from '../api/replies';
import { Chip } from './chip';
import { Icon } from './icon';
import { Title, nameOf } from './title';

const SHOWN = 8;
const PAUSE_MS = 90; // between two letters of a quick typist

interface Props {
  label: string;
  placeholder: string;
  onPick: (item: Named) => void;
  /** The large one above a view, which `/` goes to. */
  large?: boolean;
  /** Keeps the name in the field after the pick. */
  keeps?: boolean;
}

export function Search({ label, placeholder, onPick, large = false, keeps = false }: Props) {
  const [text, setText] = useState('');
  const [items, setItems] = useState<Named[]>([]);
  const [at, setAt] = useState(-1);
  const [open, setOpen] = useState(false);
  const [said, setSaid] = useState('');
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const asked = useRef('');

  useEffect(() => {
    const typed = text.trim();
    asked.current = typed;
    if (!open || typed === '') {
      setItems([]);
      setSaid('');
      return;
    }
    const timer = setTimeout(() => {
      get<SuggestReply>(pathOf('/suggest', { q: typed, k: SHOWN })).then(
        (reply) => {
          if (asked.current !== typed) return;
          setItems(reply.items);
          setAt(-1);
          setSaid(reply.items.length === 0 ? `Nothing is called like “${typed}”.` : '');
        },
        (error: unknown) => {
          if (asked.current !== typed) return;
          setItems([]);
          setSaid(asProblem(error).detail);
        },
      );
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, open]);

  function pick(item: Named): void {
    setText(keeps ? nameOf(item) : '');
    setOpen(false);
    setItems([]);
    asked.current = '';
    onPick(item);
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (items.length === 0) return;
      event.preventDefault();
      const by = event.key === 'ArrowDown' ? 1 : -1;
      setAt((at + by + items.length + (at < 0 && by < 0 ? 1 : 0)) % items.length);
    } else if (event.key === 'Enter') {
      const item = items[Math.max(0, at)];
      if (!item) return;
      event.preventDefault();
      pick(item);
    } else if (event.key === 'Escape') {
      if (open && items.length > 0) event.stopPropagation();
      setOpen(false);
    }
  }

  const shown = open && items.length > 0;
  return (
    <div class={large ? 'search large' : 'search'} role={large ? 'search' : undefined}>
      {large && <Icon name="search" />}
      <input
        ref={input as Ref<HTMLInputElement>}
        type="text"
        role="combobox"
        inputMode="search"
        autoComplete="off"
        autoCapitalize="off"
        spellcheck={false}
        data-search={large ? '' : undefined}
        aria-label={label}
        placeholder={placeholder}
        aria-expanded={shown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown && at >= 0 ? `${id}-${at}` : undefined}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setOpen(true);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setOpen(false)}
      />
      {large && <kbd aria-hidden="true">/</kbd>}
      <ul class="suggestions" role="listbox" id={`${id}-list`} aria-label="Suggestions" hidden={!shown}>
        {items.map((item, i) => (
          <li
            key={item.item_id}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === at}
            // Before the field loses its focus, which closes the list.
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => pick(item)}
          >
            <span class="name">
              <Title of={item} />
            </span>
            <Chip category={item.category} />
          </li>
        ))}
      </ul>
      <div class={said && open ? 'suggestions said' : 'sr'} role="status">
        {open && shown ? `${items.length} suggestions` : open ? said : ''}
      </div>
    </div>
  );
}
