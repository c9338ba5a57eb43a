// The list itself: the picked item's strip, its neighbours' in the same order, a stranger's last.

import { useMemo } from 'preact/hooks';
import type { Found, Item, ListReply } from '../api/replies';
import type { Vector } from '../api/vectors';
import { Chip } from '../components/chip';
import { useLoaded } from '../components/loaded';
import { Meter } from '../components/meter';
import { Row, walkRows } from '../components/row';
import { scaleOf } from '../components/strip';
import { count } from '../components/words';
import { sentenceOf } from './evidence';
import { addCategory } from './filters';
import { type Asked, toItem } from './question';
import { strangerOf } from './stranger';

interface Props {
  item: Item;
  asked: Asked;
  reply: ListReply;
  vectors: Map<string, Vector>;
}

export function Neighbours({ item, asked, reply, vectors }: Props) {
  const ids = [item.item_id, ...reply.items.map(({ item_id }) => item_id)];
  const version = reply.model_version ?? '';
  const own = vectors.get(item.item_id);
  const stranger = useLoaded(own ? `${version} ${item.item_id}` : null, () => strangerOf(item.item_id, own as Vector));
  const scale = useMemo(() => (own ? scaleOf(own) : null), [own]);
  const best = Math.max(1e-9, ...reply.items.map(({ score }) => score ?? 0));
  const far = stranger.value;
  return (
    <ol
      class="rows"
      onKeyDown={walkRows}
      aria-label={asked.score === 'similar' ? 'Similar items' : 'What goes with it'}
    >
      {own && (
        <Row
          kind="self"
          item={item}
          sub={`Its ${count(own.length)} numbers, largest first. Below: the same numbers of its neighbours.`}
          vector={own}
          scale={scale}
        />
      )}
      {reply.items.map((found) => (
        <Row
          key={found.item_id}
          item={found}
          rank={found.rank}
          href={toItem(found.item_id)}
          sub={
            <>
              <Chip category={found.category} onPick={(category) => addCategory(asked, category)} />
              {sentenceOf(found)}
            </>
          }
          vector={vectors.get(found.item_id)}
          scale={scale}
          score={<ScoreOf found={found} asked={asked} best={best} />}
        />
      ))}
      {far && scale && far.item.item_id !== item.item_id && !ids.includes(far.item.item_id) && (
        <Row
          kind="far"
          item={far.item}
          href={toItem(far.item.item_id)}
          sub="For contrast: one that has nothing to do with it."
          vector={far.vector}
          scale={scale}
          score={
            asked.score === 'similar' ? (
              <Meter text={far.cosine.toFixed(3)} part={far.cosine} label="Cosine" />
            ) : undefined
          }
        />
      )}
    </ol>
  );
}

function ScoreOf({ found, asked, best }: { found: Found; asked: Asked; best: number }) {
  if (found.score === null) return <span class="score none">–</span>;
  return asked.score === 'similar' ? (
    <Meter text={found.score.toFixed(3)} part={found.score} label="Cosine" />
  ) : (
    <Meter text={found.score.toFixed(1)} part={found.score / best} label="Score, in standard deviations" />
  );
}
