// What stands where nothing can be shown: why, and what to do next.

import type { ComponentChildren } from 'preact';
import type { Problem } from '../api/problem';
import * as key from '../api/key';

interface EmptyProps {
  title: string;
  /** It stands for the whole view. */
  whole?: boolean;
  children?: ComponentChildren;
}

export function Empty({ title, whole = false, children }: EmptyProps) {
  return (
    <div class="empty">
      {whole ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  );
}

interface Props {
  problem: Problem;
  whole?: boolean;
  onAgain?: () => void;
}

export function Failed({ problem, whole = false, onAgain }: Props) {
  return (
    <div class="empty" role="alert">
      {whole ? <h1>{problem.title}</h1> : <h2>{problem.title}</h2>}
      <p>
        <bdi>{problem.detail}</bdi>
      </p>
      {problem.status === 401 ? (
        <button type="button" class="button main" onClick={() => (key.asked.value = problem.detail)}>
          Enter a key
        </button>
      ) : (
        onAgain &&
        problem.mayPass && (
          <button type="button" class="button" onClick={onAgain}>
            Try again
          </button>
        )
      )}
    </div>
  );
}
