// What comes next, beside what is popular with everybody.

import type { ComponentChild } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { itemsOf } from '../api/items';
import type { Found, ListReply, Named } from '../api/replies';
import { Chip } from '../components/chip';
import { useLoaded } from '../components/loaded';
import { Panel } from '../components/panel';
import { walkRows } from '../components/row';
import { Title } from '../components/title';
import { counted } from '../components/words';
import { type Chosen, hrefTo, withItem } from './items';
import { Movement, useEarlier } from './movement';

export const SHOWN = 10;

interface Props {
  chosen: Chosen;
  /** The list, and of which session it is. */
  of: string;
  reply: ListReply;
  popular: Named[];
}

export function Next({ chosen, of, reply, popular }: Props) {
  const earlier = useEarlier(of, reply.items);
  const shown = useRef(of);
  const twins = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The item that was clicked left its list, and took the focus with it: the next click is one key away again.
    const lost = shown.current !== of && document.activeElement === document.body;
    if (lost) twins.current?.querySelector('a')?.focus({ preventScroll: true });
    shown.current = of;
  }, [of]);
  const taken = new Set([...chosen.items, ...chosen.disliked]);
  const plain = popular.filter(({ item_id }) => !taken.has(item_id)).slice(0, SHOWN);
  const known = useLoaded(plain.map(({ item_id }) => item_id).join('\n'), () =>
    itemsOf(plain.map(({ item_id }) => item_id)),
  );
  const both = plain.filter(({ item_id }) => reply.items.some((one) => one.item_id === item_id)).length;
  const fallback = reply.items.length > 0 && reply.items.every(({ source }) => source !== 'model');
  return (
    <div class="twins" ref={twins}>
      <Panel
        title="What comes next"
        hint={fallback ? 'The session says nothing the model knows; these fill up.' : 'A click adds it to the session.'}
      >
        <List
          chosen={chosen}
          items={reply.items}
          after={(item) => <Movement id={item.item_id} rank={item.rank} earlier={earlier} />}
        />
        {(reply.unknown?.length ?? 0) > 0 && (
          <p class="note">
            {counted(reply.unknown?.length ?? 0, 'item')} of the session without a vector: passed over.
          </p>
        )}
      </Panel>
      <Panel
        title="Most popular"
        hint={
          plain.length === 0
            ? 'Not known here.'
            : `The same for everybody. ${both} of ${plain.length} are in both lists.`
        }
      >
        <List
          chosen={chosen}
          items={plain.map((item, i) => ({
            ...item,
            category: known.value?.get(item.item_id)?.category ?? item.category,
            rank: i + 1,
            score: null,
            source: 'popular',
          }))}
        />
      </Panel>
    </div>
  );
}

function List({ chosen, items, after }: { chosen: Chosen; items: Found[]; after?: (item: Found) => ComponentChild }) {
  return (
    <ol class="brief" onKeyDown={walkRows}>
      {items.map((item) => (
        <li key={item.item_id}>
          <span class="rank">{item.rank}</span>
          <a class="name" href={hrefTo(withItem(chosen, item.item_id))}>
            <span class="sr">Add </span>
            <Title of={item} />
          </a>
          {after?.(item)}
          {item.category !== null && <Chip category={item.category} />}
        </li>
      ))}
    </ol>
  );
}
