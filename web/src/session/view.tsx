// Session: items clicked one after the other, and what would come next.

import { useLayoutEffect, useRef } from 'preact/hooks';
import { go, place, restate } from '../address/address';
import { send } from '../api/client';
import { itemsOf } from '../api/items';
import { popular } from '../api/popular';
import type { ListReply } from '../api/replies';
import { CopyCurl } from '../components/copy';
import { Failed } from '../components/empty';
import { useLoaded } from '../components/loaded';
import { Panel } from '../components/panel';
import { Search } from '../components/search';
import { Title } from '../components/title';
import { NOTHING, chosenOf, hrefTo, isEmpty, remembered, withItem } from './items';
import { Made } from './made';
import { Next, SHOWN } from './next';

const BEGINNINGS = 12;

export function Session() {
  const chosen = chosenOf(place.value.params);
  const none = isEmpty(chosen);
  const address = hrefTo(chosen);
  const entered = useRef(false);
  // Before anything else can happen: the next key may lead to another view.
  useLayoutEffect(() => {
    // From another view without a session in the address: the one of before, or the one put together there.
    if (!entered.current && none && !isEmpty(remembered.value)) restate(hrefTo(remembered.value));
    else remembered.value = chosen;
    entered.current = true;
  }, [address]);

  const ids = [...chosen.items, ...chosen.disliked];
  const known = useLoaded(ids.join('\n'), () => itemsOf(ids));
  const usual = useLoaded('popular', popular);
  const body = { items: chosen.items, disliked: chosen.disliked, k: SHOWN };
  const asks = chosen.items.length > 0;
  const list = useLoaded(asks ? address : null, async () => ({
    of: address,
    reply: await send<ListReply>('POST', '/recommend', body),
  }));

  return (
    <>
      <Search
        large
        label="Add an item to the session"
        placeholder="Add an item to the session"
        onPick={(item) => go(hrefTo(withItem(chosen, item.item_id)))}
      />
      <header class="hero">
        <h1>Session</h1>
        <p class="lead">Click items as a visitor would, one after the other, and see what would come next.</p>
        {!none && (
          <div class="actions">
            <button type="button" class="button" onClick={() => go(hrefTo(NOTHING))}>
              Start again
            </button>
            {asks && <CopyCurl question={{ method: 'POST', path: '/recommend', body }} />}
          </div>
        )}
      </header>
      <div class="session">
        {none ? (
          <Begin items={usual.value ?? []} />
        ) : (
          <Panel title="The session" hint="Oldest first. The last ones count most.">
            <Made chosen={chosen} known={known.value ?? new Map()} />
          </Panel>
        )}
        {asks && list.problem && <Failed problem={list.problem} onAgain={list.again} />}
        {asks && list.value && !list.problem && (
          <div class={list.busy ? 'busy' : ''} aria-busy={list.busy}>
            <Next chosen={chosen} of={list.value.of} reply={list.value.reply} popular={usual.value ?? []} />
          </div>
        )}
        {usual.problem && <Failed problem={usual.problem} onAgain={usual.again} />}
      </div>
    </>
  );
}

/** Popular items to begin with. */
function Begin({ items }: { items: { item_id: string; title: string | null }[] }) {
  if (items.length === 0) return null;
  return (
    <Panel title="Begin with one of these" hint="Or search for another.">
      <ul class="pills">
        {items.slice(0, BEGINNINGS).map((item) => (
          <li key={item.item_id}>
            <a class="button" href={hrefTo(withItem(NOTHING, item.item_id))}>
              <Title of={item} />
            </a>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
