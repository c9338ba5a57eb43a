// Explore: one item and what is near it.

import { useEffect } from 'preact/hooks';
import { go, hrefOf, place, restate, withParams } from '../address/address';
import type { ListReply } from '../api/replies';
import { Empty, Failed } from '../components/empty';
import { useLoaded } from '../components/loaded';
import { Panel } from '../components/panel';
import { Search } from '../components/search';
import { nameOf } from '../components/title';
import { count } from '../components/words';
import { status } from '../api/service';
import { Controls } from './controls';
import { firstItem } from './first';
import { Headline } from './headline';
import { Hero } from './hero';
import { miniMap } from './minimap';
import { Neighbours } from './neighbours';
import { type Asked, MOST, askedOf, similarPath } from './question';
import { seenOf } from './seen';
import { Trail } from './trail';
import { Why } from './why';

/** What one comes back to from another view. */
let lastItem: string | null = null;

export function Explore() {
  const asked = askedOf(place.value);
  const { item } = asked;
  const first = useLoaded(item === null ? 'first' : null, async () => lastItem ?? (await firstItem()));
  useEffect(() => {
    if (item === null && first.value && place.value.view === 'explore') restate(withParams({ item: first.value }));
  }, [item, first.value]);
  const known = status.value?.items;
  return (
    <>
      <Search
        large
        label="Search items"
        placeholder={known ? `Search ${count(known)} items` : 'Search items'}
        onPick={(picked) =>
          go(hrefOf('explore', { item: picked.item_id, score: asked.score === 'next' ? 'next' : undefined }))
        }
      />
      <Headline />
      <Trail />
      {item !== null ? (
        <Picked asked={{ ...asked, item }} />
      ) : first.problem ? (
        <Failed whole problem={first.problem} onAgain={first.again} />
      ) : first.value === null && !first.busy ? (
        <Empty whole title="The model has no item to begin with">
          <p>Search for one above.</p>
        </Empty>
      ) : (
        <div class="waiting" aria-busy="true" />
      )}
    </>
  );
}

function Picked({ asked }: { asked: Asked }) {
  const path = similarPath(asked);
  const { value: seen, problem, busy, again } = useLoaded(path, () => seenOf(asked));
  const item = seen?.item;
  useEffect(() => {
    if (!item) return;
    document.title = `${nameOf(item)} · item2vec`;
    lastItem = item.item_id;
  }, [item?.item_id]);
  if (problem) return <Failed whole problem={problem} onAgain={again} />;
  if (!seen || !item) return <div class="waiting" aria-busy="true" />;
  const { reply, refused, vectors } = seen;
  const Draws = miniMap.value;
  return (
    <div class={`columns ${busy ? 'busy' : ''}`} aria-busy={busy}>
      <div>
        <Hero item={item} conditions={asked.conditions} question={{ path }} />
        <section class="panel neighbours" aria-label="Neighbours">
          <Controls asked={asked} item={item} />
          {refused && <Failed problem={refused} onAgain={again} />}
          {reply?.reason && (
            <p class="note">
              <bdi>{reply.reason}</bdi>
            </p>
          )}
          {reply && <Neighbours item={item} asked={asked} reply={reply} vectors={vectors} />}
          {reply && <Foot reply={reply} asked={asked} />}
        </section>
      </div>
      <aside class="side" aria-label="Beside the list">
        {Draws && (
          <Panel title="Where it lives" hint="Its neighbours, and what else is close.">
            <Draws item={item.item_id} neighbours={reply?.items.map((one) => one.item_id) ?? []} />
          </Panel>
        )}
        <Why item={item.item_id} />
      </aside>
    </div>
  );
}

const SHORT: Record<string, string> = {
  filtered: 'No more items pass the filters.',
  min_score: 'No more items score enough.',
  untrained: 'The model has no vector of this item.',
  catalogue_small: 'There are no more items.',
};

function Foot({ reply, asked }: { reply: ListReply; asked: Asked }) {
  if (reply.shortfall_reason) return <p class="note">{SHORT[reply.shortfall_reason] ?? reply.shortfall_reason}</p>;
  if (asked.k >= MOST) return null;
  return (
    <div class="foot">
      <button
        type="button"
        class="button"
        onClick={() => restate(withParams({ k: String(Math.min(MOST, asked.k * 2)) }))}
      >
        Show more
      </button>
    </div>
  );
}
