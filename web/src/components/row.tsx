// An item in a list: rank, name, what is said of it, its strip, its score. The whole row is the link.

import type { ComponentChildren } from 'preact';
import type { Named } from '../api/replies';
import type { Vector } from '../api/vectors';
import { Strip, type Scale } from './strip';
import { Title } from './title';

interface Props {
  item: Pick<Named, 'item_id' | 'title'>;
  rank?: ComponentChildren;
  /** Without one, the row leads nowhere. */
  href?: string | undefined;
  sub: ComponentChildren;
  vector?: Vector | undefined;
  scale?: Scale | null;
  score?: ComponentChildren;
  kind?: 'self' | 'far' | '';
}

export function Row({ item, rank, href, sub, vector, scale, score, kind = '' }: Props) {
  return (
    <li class={`row ${kind}`}>
      <span class="rank">{rank}</span>
      <div class="what">
        {href === undefined ? (
          <span class="name">
            <Title of={item} />
          </span>
        ) : (
          <a class="name" href={href}>
            <Title of={item} />
          </a>
        )}
        <div class="sub">{sub}</div>
      </div>
      {vector && scale ? <Strip vector={vector} scale={scale} /> : <span class="strip none" aria-hidden="true" />}
      {score}
    </li>
  );
}

/** Up and down go from row to row; the list takes this as its onKeyDown. */
export function walkRows(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (by === 0 || !(event.target instanceof HTMLAnchorElement)) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLAnchorElement>('a.name')];
  const next = links[links.indexOf(event.target) + by];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
