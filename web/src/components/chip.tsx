// A category with its colour; as a button it filters.

import { colourOf } from '../colour/categories';

interface Props {
  category: string | null;
  onPick?: (category: string) => void;
}

export function Chip({ category, onPick }: Props) {
  const colour = colourOf(category);
  const inner = (
    <>
      <i style={colour === null ? {} : { '--c': colour }} />
      <bdi>{category ?? 'no category'}</bdi>
    </>
  );
  if (category === null || !onPick) return <span class="chip">{inner}</span>;
  return (
    <button type="button" class="chip" title={`Only ${category}`} onClick={() => onPick(category)}>
      {inner}
    </button>
  );
}
