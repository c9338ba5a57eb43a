// How the neighbours are chosen: which kind of likeness, how much variety, which of them.

import { useState } from 'preact/hooks';
import { go, restate, withParams } from '../address/address';
import type { Item } from '../api/replies';
import { Icon } from '../components/icon';
import { Segmented } from '../components/segmented';
import { Slider } from '../components/slider';
import { StripLegend } from '../components/strip';
import { Chosen, Filters } from './filters';
import type { Asked } from './question';

const KINDS = [
  ['similar', 'Similar'],
  ['next', 'Goes with'],
] as const;

export function Controls({ asked, item }: { asked: Asked; item: Item }) {
  const [open, setOpen] = useState(false);
  const set = asked.categories.length + asked.conditions.length;
  return (
    <>
      <div class="bar">
        <Segmented
          label="Kind of likeness"
          options={KINDS}
          value={asked.score}
          onPick={(score) => go(withParams({ score: score === 'similar' ? undefined : score }))}
        />
        <Slider
          label="Variety"
          hint="0: the best ones. Towards 1: less alike among themselves"
          value={asked.variety}
          step={0.1}
          onMove={(variety) => restate(withParams({ variety: variety || undefined }))}
        />
        <button type="button" class="button small" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name="filter" />
          Filter{set > 0 && <span class="badge">{set}</span>}
        </button>
        <span class="grow" />
        <StripLegend />
      </div>
      {open && <Filters asked={asked} item={item} />}
      <Chosen asked={asked} />
    </>
  );
}
