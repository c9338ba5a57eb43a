// The picked item: what it is called, what is known of it, what can be done with it.

import { useEffect, useRef } from 'preact/hooks';
import { hrefOf } from '../address/address';
import type { Question } from '../api/curl';
import { popular } from '../api/popular';
import type { Item } from '../api/replies';
import { status } from '../api/service';
import { Chip } from '../components/chip';
import { CopyCurl } from '../components/copy';
import { Icon } from '../components/icon';
import { useLoaded } from '../components/loaded';
import { Title } from '../components/title';
import { toast } from '../components/toast';
import { count, counted, ordinal } from '../components/words';
import { add } from '../session/items';
import { Facts } from './facts';
import { miniMap } from './minimap';

interface Props {
  item: Item;
  /** The filters that are set. */
  conditions: string[];
  question: Question;
}

export function Hero({ item, conditions, question }: Props) {
  const { item_id: id } = item;
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(id);
  useEffect(() => {
    // The row that was clicked is gone, and the focus with it.
    if (shown.current !== id && document.activeElement === document.body)
      heading.current?.focus({ preventScroll: true });
    shown.current = id;
  }, [id]);
  const known = useLoaded('popular', popular);
  const place = known.value?.findIndex((one) => one.item_id === id) ?? -1;
  const all = status.value?.items;
  const hasMap = miniMap.value !== null; // who draws the small one has the large one too

  function remember(): void {
    const n = add(id);
    toast(
      <>
        Added: {counted(n, 'item')} in the session. <a href={hrefOf('session')}>Open it</a>
      </>,
    );
  }

  return (
    <header class="hero">
      <Chip category={item.category} />
      <h1 ref={heading} tabIndex={-1}>
        <Title of={item} />
      </h1>
      <p class="meta">
        <code>
          <bdi>{id}</bdi>
        </code>
        {item.sessions_count !== null && <span>{counted(item.sessions_count, 'time')} in the sessions</span>}
        {place >= 0 && all ? (
          <span>
            {place === 0 ? 'most' : `${ordinal(place + 1)} most`} popular of {count(all)}
          </span>
        ) : null}
        {!item.available && <span class="warn">hidden: in no answer</span>}
      </p>
      <Facts metadata={item.metadata} conditions={conditions} />
      <div class="actions">
        {hasMap && (
          <a class="button main" href={hrefOf('map', { item: id })}>
            <Icon name="map" />
            Show on the map
          </a>
        )}
        <button type="button" class={hasMap ? 'button' : 'button main'} onClick={remember}>
          <Icon name="add" />
          Add to session
        </button>
        <CopyCurl question={question} />
      </div>
    </header>
  );
}
