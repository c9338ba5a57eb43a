// An installation without a model: the next step, with the command to copy.

import { Command } from '../components/copy';
import { Empty } from '../components/empty';
import { status } from '../api/service';

export function NoModel() {
  const next = status.value?.next_step;
  return (
    <Empty title="No model serves yet">
      <p>Train one on your own log of what people looked at, one after the other:</p>
      <Command text="item2vec train --events 'logs/*.csv' --user user_id --item item_id --time timestamp" />
      <p>Or see it work first, on a small made-up world:</p>
      <Command text="item2vec demo" />
      {next && (
        <p class="hint">
          The service says: <bdi>{next}</bdi>
        </p>
      )}
    </Empty>
  );
}
