// On a phone: the first views as tabs, what else there is behind the last one.

import { useEffect, useState } from 'preact/hooks';
import { hrefOf, place } from '../address/address';
import { Dialog } from '../components/dialog';
import { Icon } from '../components/icon';
import { StatusCard } from './status';
import { VIEWS } from './views';

const TABS = 4; // beside "More", which holds the others and the state of the service

export function Tabs() {
  const [more, setMore] = useState(false);
  const here = place.value;
  useEffect(() => setMore(false), [here]);
  const rest = VIEWS.slice(TABS);
  return (
    <nav class="tabs" aria-label="Views, below">
      {VIEWS.slice(0, TABS).map(({ id, name }) => (
        <a
          key={id}
          href={here.view === id ? location.hash : hrefOf(id)}
          aria-current={here.view === id ? 'page' : undefined}
        >
          <Icon name={id} />
          {name}
        </a>
      ))}
      <button
        type="button"
        aria-haspopup="dialog"
        class={rest.some(({ id }) => id === here.view) ? 'here' : ''}
        onClick={() => setMore(true)}
      >
        <Icon name="more" />
        More
      </button>
      {more && (
        <Dialog title="More" onClose={() => setMore(false)}>
          {rest.length > 0 && (
            <ul class="plain sheet">
              {rest.map(({ id, name }) => (
                <li key={id}>
                  <a class="view" href={hrefOf(id)} aria-current={here.view === id ? 'page' : undefined}>
                    <Icon name={id} />
                    {name}
                  </a>
                </li>
              ))}
            </ul>
          )}
          <StatusCard open />
        </Dialog>
      )}
    </nav>
  );
}
