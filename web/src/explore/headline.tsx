// One sentence on what there is to see, until it is dismissed.

import { signal } from '@preact/signals';
import { categories } from '../colour/categories';
import { Icon } from '../components/icon';
import { count } from '../components/words';
import { status } from '../api/service';

const dismissed = signal(false);

export function Headline() {
  const told = status.value;
  if (dismissed.value || !told?.serving || !told.items || !told.sessions) return null;
  const [first, second] = categories.value;
  return (
    <p class="headline">
      <span>
        <b>{count(told.items)} items</b>, learned from <b>{count(told.sessions)} sessions</b>.{' '}
        {first === undefined ? (
          'Nobody told it which of them belong together.'
        ) : second === undefined ? (
          <>
            Nobody told it what <bdi>“{first}”</bdi> is.
          </>
        ) : (
          <>
            Nobody told it what <bdi>“{first}”</bdi> or <bdi>“{second}”</bdi> is.
          </>
        )}
      </span>
      <button type="button" class="bare" aria-label="Dismiss" onClick={() => (dismissed.value = true)}>
        <Icon name="close" />
      </button>
    </p>
  );
}
