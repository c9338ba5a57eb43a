// "Why is something not here?": an item one expected, and the reason in sentences.

import { useState } from 'preact/hooks';
import { hrefOf } from '../address/address';
import { get, pathOf } from '../api/client';
import type { ExplainReply, Named } from '../api/replies';
import { CopyCurl } from '../components/copy';
import { Failed } from '../components/empty';
import { useLoaded } from '../components/loaded';
import { Panel } from '../components/panel';
import { Search } from '../components/search';
import { Title } from '../components/title';
import { count } from '../components/words';

export function Why({ item }: { item: string }) {
  const [expected, setExpected] = useState<Named | null>(null);
  const path = expected ? pathOf('/explain', { item, candidate: expected.item_id }) : null;
  const { value, problem, busy } = useLoaded(path, () => get<ExplainReply>(path as string));
  const mine = value && expected && value.item_id === item && value.candidate_id === expected.item_id;
  return (
    <Panel
      title="Why is something not here?"
      hint="Name an item you expected. You get the reason, with its rank and the sessions the two shared."
    >
      <div class="inner">
        <Search label="Item you expected" placeholder="Title or id" onPick={setExpected} keeps />
        <div class={busy ? 'reason busy' : 'reason'} aria-live="polite">
          {problem && <Failed problem={problem} />}
          {mine && !problem && path && (
            <>
              <h3>
                <a href={hrefOf('explore', { item: expected.item_id })}>
                  <Title of={expected} />
                </a>
              </h3>
              <p class="ranks">
                {value.similar && <span>{`Similar: number ${count(value.similar.rank)}`}</span>}
                {value.next && <span>{`Goes with: number ${count(value.next.rank)}`}</span>}
              </p>
              <ul>
                {value.sentences.map((sentence) => (
                  <li key={sentence}>
                    <bdi>{sentence}</bdi>
                  </li>
                ))}
              </ul>
              <CopyCurl question={{ path }} />
            </>
          )}
        </div>
      </div>
    </Panel>
  );
}
