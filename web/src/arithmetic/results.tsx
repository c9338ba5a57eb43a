// What is near the sum, in the order of the sum's own numbers.

import { hrefOf } from '../address/address';
import type { ListReply } from '../api/replies';
import type { Vector } from '../api/vectors';
import { Chip } from '../components/chip';
import { Meter } from '../components/meter';
import { Row, walkRows } from '../components/row';
import type { Scale } from '../components/strip';

interface Props {
  reply: ListReply;
  sum: Vector | null;
  scale: Scale | null;
  vectors: Map<string, Vector> | null;
  busy: boolean;
}

export function Results({ reply, sum, scale, vectors, busy }: Props) {
  return (
    <section class={`panel ${busy ? 'busy' : ''}`} aria-label="Near the sum" aria-busy={busy}>
      <ol class="rows" onKeyDown={walkRows}>
        {sum && scale && (
          <Row
            kind="self"
            item={{ item_id: 'The sum', title: 'The sum' }}
            sub={`Its ${sum.length} numbers, largest first.`}
            vector={sum}
            scale={scale}
          />
        )}
        {reply.items.map((found) => (
          <Row
            key={found.item_id}
            item={found}
            rank={found.rank}
            href={hrefOf('explore', { item: found.item_id })}
            sub={<Chip category={found.category} />}
            vector={vectors?.get(found.item_id)}
            scale={scale}
            score={
              found.score === null ? undefined : (
                <Meter text={found.score.toFixed(3)} part={found.score} label="Cosine" />
              )
            }
          />
        ))}
      </ol>
      {reply.items.length === 0 && <p class="note">Nothing is near it.</p>}
    </section>
  );
}
