// What stands where nothing can be shown: why, and what to do next.

import type { ComponentChildren } from 'preact';
import type { Problem } from '../api/problem';
import * as key from '../api/key';

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

interface Props {
  problem: Problem;
  onAgain?: () => void;
}

export function Failed({ problem, onAgain }: Props) {
  return (
    <div class="empty" role="alert">
      <h2>{problem.title}</h2>
      <p>
        <bdi>{problem.detail}</bdi>
      </p>
      {problem.status === 401 ? (
        <button type="button" class="button main" onClick={() => (key.asked.value = problem.detail)}>
          Enter a key
        </button>
      ) : (
        onAgain && (
          <button type="button" class="button" onClick={onAgain}>
            Try again
          </button>
        )
      )}
    </div>
  );
}
