// What a view shows of the service: the last answer stays until the next is there, so that nothing flickers.

import { useEffect, useState } from 'preact/hooks';
import { given } from '../api/key';
import { type Problem, asProblem } from '../api/problem';

export interface Loaded<T> {
  value: T | null;
  problem: Problem | null;
  busy: boolean;
  again: () => void;
}

/** Loads anew with each `key`; with null nothing. What comes late of an earlier key is dropped. */
export function useLoaded<T>(key: string | null, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ value: T | null; problem: Problem | null; of: string | null }>({
    value: null,
    problem: null,
    of: null,
  });
  const [turn, setTurn] = useState(0);
  const whole = key === null ? null : `${given.value} ${turn} ${key}`;
  useEffect(() => {
    if (whole === null) return;
    let wanted = true;
    load().then(
      (value) => wanted && setState({ value, problem: null, of: whole }),
      (error: unknown) => wanted && setState((was) => ({ value: was.value, problem: asProblem(error), of: whole })),
    );
    return () => {
      wanted = false;
    };
  }, [whole]);
  return {
    value: state.value,
    problem: state.problem,
    busy: whole !== null && state.of !== whole,
    again: () => setTurn(turn + 1),
  };
}
