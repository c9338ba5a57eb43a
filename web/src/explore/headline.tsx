// One sentence on what there is to see, until it is dismissed.

import { signal } from '@preact/signals';
import { get } from '../api/client';
import { status } from '../api/service';
import { categories } from '../colour/categories';
import { Icon } from '../components/icon';
import { useLoaded } from '../components/loaded';
import { count } from '../components/words';

const dismissed = signal(false);

interface Manifest {
  config: { objective?: { attributes?: unknown[]; segment?: string | null } };
}

/** Whether vectors learned from order alone: no field of the metadata had a say. */
async function fromOrderAlone(version: string): Promise<boolean> {
  const { objective } = (await get<Manifest>(`/models/${encodeURIComponent(version)}`)).config;
  return !objective?.attributes?.length && !objective?.segment;
}

export function Headline() {
  const told = status.value;
  const version = told?.serving ? told.model_version : null;
  const alone = useLoaded(version ?? null, () => fromOrderAlone(version as string));
  if (dismissed.value || !told?.serving || !told.items || !told.sessions) return null;
  return (
    <p class="headline">
      <span>
        <b>{count(told.items)} items</b>, learned from <b>{count(told.sessions)} sessions</b>. {alone.value && <Untold />}
      </span>
      <button type="button" class="bare" aria-label="Dismiss" onClick={() => (dismissed.value = true)}>
        <Icon name="close" />
      </button>
    </p>
  );
}

function Untold() {
  const [first, second] = categories.value;
  if (first === undefined) return <>Nobody told it which of them belong together.</>;
  return (
    <>
      Nobody told it what <bdi>“{first}”</bdi>
      {second !== undefined && (
        <>
          {' '}
          or <bdi>“{second}”</bdi>
        </>
      )}{' '}
      is.
    </>
  );
}
