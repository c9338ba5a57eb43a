// The session so far: oldest first, each item to be moved, disliked or taken out.

import { go, hrefOf } from '../address/address';
import type { Item } from '../api/replies';
import { Chip } from '../components/chip';
import { Icon, type IconName } from '../components/icon';
import { Title, nameOf } from '../components/title';
import { type Chosen, disliking, hrefTo, moved, withItem, without } from './items';

interface Props {
  chosen: Chosen;
  known: Map<string, Item>;
}

export function Made({ chosen, known }: Props) {
  const named = (id: string) => known.get(id) ?? { item_id: id, title: null, category: null };
  return (
    <>
      {chosen.items.length > 0 && (
        <ol class="made" aria-label="The session, oldest first">
          {chosen.items.map((id, i) => {
            const item = named(id);
            const name = nameOf(item);
            return (
              <li key={id}>
                <span class="rank">{i + 1}</span>
                <span class="what">
                  <a class="name" href={hrefOf('explore', { item: id })}>
                    <Title of={item} />
                  </a>
                  <Chip category={item.category} />
                </span>
                <span class="tools">
                  <Tool icon="up" says={`${name}: earlier`} off={i === 0} to={moved(chosen, id, -1)} />
                  <Tool
                    icon="down"
                    says={`${name}: later`}
                    off={i === chosen.items.length - 1}
                    to={moved(chosen, id, 1)}
                  />
                  <Tool icon="dislike" says={`${name}: dislike`} to={disliking(chosen, id)} />
                  <Tool icon="close" says={`${name}: take out`} to={without(chosen, id)} />
                </span>
              </li>
            );
          })}
        </ol>
      )}
      {chosen.disliked.length > 0 && (
        <>
          <h3>Disliked</h3>
          <ul class="made" aria-label="Disliked">
            {chosen.disliked.map((id) => {
              const item = named(id);
              return (
                <li key={id} class="away">
                  <span class="rank">
                    <Icon name="dislike" />
                  </span>
                  <span class="what">
                    <span class="name">
                      <Title of={item} />
                    </span>
                    <Chip category={item.category} />
                  </span>
                  <span class="tools">
                    <Tool icon="add" says={`${nameOf(item)}: into the session`} to={withItem(chosen, id)} />
                    <Tool icon="close" says={`${nameOf(item)}: take out`} to={without(chosen, id)} />
                  </span>
                </li>
              );
            })}
          </ul>
        </>
      )}
    </>
  );
}

function Tool({ icon, says, to, off = false }: { icon: IconName; says: string; to: Chosen; off?: boolean }) {
  return (
    <button
      type="button"
      class="bare"
      aria-label={says}
      title={says.slice(says.lastIndexOf(': ') + 2)}
      disabled={off}
      onClick={() => go(hrefTo(to))}
    >
      <Icon name={icon} />
    </button>
  );
}
