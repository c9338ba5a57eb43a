// One item of the equation: a field to pick it, or the picked one.

import type { Named } from '../api/replies';
import type { Vector } from '../api/vectors';
import { Chip } from '../components/chip';
import { Icon } from '../components/icon';
import { Search } from '../components/search';
import { type Scale, Strip } from '../components/strip';
import { Title } from '../components/title';

interface Props {
  sign: string;
  name: string;
  item: Named | null;
  vector: Vector | undefined;
  scale: Scale | null;
  onPick: (id: string | undefined) => void;
}

export function Term({ sign, name, item, vector, scale, onPick }: Props) {
  return (
    <section class="term" aria-label={`Item ${name}`}>
      <span class="sign" aria-hidden="true">
        {sign}
      </span>
      <div class="panel">
        <div class="inner">
          {item === null ? (
            <Search
              label={`Item ${name}${sign === '−' ? ', taken away' : ''}`}
              placeholder={`Item ${name}`}
              onPick={(picked) => onPick(picked.item_id)}
            />
          ) : (
            <>
              <div class="head">
                <Chip category={item.category} />
                <button
                  type="button"
                  class="bare"
                  aria-label={`Choose another item ${name}`}
                  onClick={() => onPick(undefined)}
                >
                  <Icon name="close" />
                </button>
              </div>
              <p class="name">
                <Title of={item} />
              </p>
              {vector && scale && <Strip vector={vector} scale={scale} />}
            </>
          )}
        </div>
      </div>
    </section>
  );
}
