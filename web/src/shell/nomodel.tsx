// An installation without a model: the next step, with the command to copy.

import { Command } from '../components/copy';
import { Empty } from '../components/empty';
import { Mark } from './mark';
import { status } from '../api/service';

export function NoModel() {
  const next = status.value?.next_step;
  return (
    <div class="welcome">
      <Mark />
      <Empty whole title="No model serves yet">
        <p>There is nothing to look at before the first training. Two ways to one:</p>
        <section class="panel">
          <h2>With your own log</h2>
          <p class="hint">What people looked at, one after the other: who, what, when.</p>
          <Command text="item2vec train --events 'logs/*.csv' --user user_id --item item_id --time timestamp" />
        </section>
        <section class="panel">
          <h2>With a made-up world</h2>
          <p class="hint">Tracks and homes; generated, trained and served in a minute or two.</p>
          <Command text="item2vec demo" />
        </section>
        {next && (
          <p class="hint">
            The service says: <bdi>{next}</bdi>.
          </p>
        )}
      </Empty>
    </div>
  );
}
