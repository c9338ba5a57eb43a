// The views at the left, and the state of the service below them.

import { hrefOf, place } from '../address/address';
import { Icon } from '../components/icon';
import { Mark } from './mark';
import { StatusCard } from './status';
import { GROUPS, VIEWS } from './views';

export function Rail() {
  const here = place.value.view;
  return (
    <nav class="rail" aria-label="Views">
      <a class="mark" href="#/explore">
        <Mark />
        item2vec
      </a>
      {GROUPS.map((group) => {
        const views = VIEWS.filter((view) => view.group === group);
        if (views.length === 0) return null;
        return (
          <div key={group} class="group" role="group" aria-label={group}>
            <h2 aria-hidden="true">{group}</h2>
            {views.map(({ id, name }) => (
              <a
                key={id}
                class="view"
                href={here === id ? location.hash : hrefOf(id)}
                aria-current={here === id ? 'page' : undefined}
              >
                <Icon name={id} />
                {name}
              </a>
            ))}
          </div>
        );
      })}
      <StatusCard />
    </nav>
  );
}
