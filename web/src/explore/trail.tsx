// The way one came, each step a link back.

import { hrefOf, trail } from '../address/address';
import { itemOf } from '../api/items';
import { useLoaded } from '../components/loaded';
import { Title } from '../components/title';

export function Trail() {
  if (trail.value.length === 0) return null;
  return (
    <nav class="trail" aria-label="The way you came">
      <ol>
        {trail.value.map((id) => (
          <Step key={id} id={id} />
        ))}
        <li aria-current="page">here</li>
      </ol>
    </nav>
  );
}

function Step({ id }: { id: string }) {
  const { value } = useLoaded(id, () => itemOf(id));
  return (
    <li>
      <a href={hrefOf('explore', { item: id })}>
        <Title of={value ?? { item_id: id, title: null }} />
      </a>
    </li>
  );
}
