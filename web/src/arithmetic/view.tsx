// Arithmetic: A minus B plus C, and what is near the sum.

import { useMemo } from 'preact/hooks';
import { go, hrefOf, place, withParams } from '../address/address';
import { get, pathOf } from '../api/client';
import { itemsOf } from '../api/items';
import type { ListReply } from '../api/replies';
import { vectorsOf } from '../api/vectors';
import { CopyCurl } from '../components/copy';
import { Failed } from '../components/empty';
import { useLoaded } from '../components/loaded';
import { Panel } from '../components/panel';
import { scaleOf } from '../components/strip';
import { Title } from '../components/title';
import { findExamples } from './examples';
import { Results } from './results';
import { sumOf } from './sum';
import { Term } from './term';

const SHOWN = 10;

export function Arithmetic() {
  const { params } = place.value;
  const [a, b, c] = [params.get('a'), params.get('b'), params.get('c')];
  const plus = [a, c].filter((id) => id !== null);
  const minus = b === null ? [] : [b];
  const ids = [...plus, ...minus];
  const asks = a !== null && ids.length > 1;
  const path = asks ? pathOf('/analogy', { positive: plus, negative: minus, k: SHOWN }) : null;
  const known = useLoaded(ids.length > 0 ? ids.join('\n') : null, () => itemsOf(ids));
  const list = useLoaded(path, async () => ({ of: path, reply: await get<ListReply>(path as string) }));
  const shown = list.value?.of === path ? list.value?.reply : undefined;
  const wanted = [...ids, ...(shown?.items.map(({ item_id }) => item_id) ?? [])];
  const vectors = useLoaded(wanted.length > 0 ? wanted.join('\n') : null, () => vectorsOf(wanted));
  const all = vectors.value;
  const sum = useMemo(
    () =>
      all && asks
        ? sumOf(
            plus.map((id) => all.get(id)),
            minus.map((id) => all.get(id)),
          )
        : null,
    [all, path],
  );
  const scale = useMemo(() => (sum ? scaleOf(sum) : null), [sum]);
  const item = (id: string | null) =>
    id === null ? null : (known.value?.get(id) ?? { item_id: id, title: null, category: null });
  return (
    <>
      <header class="hero">
        <h1>Arithmetic</h1>
        <p class="lead">Take what one item is, less another, and add a third. What is near the sum?</p>
      </header>
      <div class="equation">
        <Term
          sign=""
          name="A"
          item={item(a)}
          vector={a ? all?.get(a) : undefined}
          scale={scale}
          onPick={(id) => go(withParams({ a: id }))}
        />
        <Term
          sign="−"
          name="B"
          item={item(b)}
          vector={b ? all?.get(b) : undefined}
          scale={scale}
          onPick={(id) => go(withParams({ b: id }))}
        />
        <Term
          sign="+"
          name="C"
          item={item(c)}
          vector={c ? all?.get(c) : undefined}
          scale={scale}
          onPick={(id) => go(withParams({ c: id }))}
        />
      </div>
      {list.problem && <Failed problem={list.problem} onAgain={list.again} />}
      {path && shown && !list.problem && (
        <>
          <Results reply={shown} sum={sum} scale={scale} vectors={all} busy={list.busy} />
          <div class="foot">
            <CopyCurl question={{ path }} />
          </div>
        </>
      )}
      <Examples />
    </>
  );
}

function Examples() {
  const { value, problem } = useLoaded('examples', findExamples);
  if (problem) return <Failed problem={problem} />;
  if (value === null) return null;
  return (
    <Panel
      title="Found in this data"
      hint={
        value.length === 0
          ? 'Among the most popular items none stand out. Pick three of your own.'
          : 'Among the most popular items, these come out most clearly.'
      }
    >
      <ul class="examples">
        {value.map(({ a, b, c, d }) => (
          <li key={a.item_id}>
            <a href={hrefOf('arithmetic', { a: a.item_id, b: b.item_id, c: c.item_id })}>
              <Title of={a} /> <i>−</i> <Title of={b} /> <i>+</i> <Title of={c} /> <i>≈</i>{' '}
              <b>
                <Title of={d} />
              </b>
            </a>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
