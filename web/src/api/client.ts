// Questions to the service that served this page, and nobody else.

import * as key from './key';
import { Problem, asProblem, problemOf } from './problem';

const MOST_KEPT = 300;
const KEPT_MS = 60_000;

interface Kept {
  at: number;
  answer: Promise<unknown>;
}

/** Recent answers by address: going back shows at once what was there. */
const kept = new Map<string, Kept>();
let version: string | null = null;

export async function ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...key.authorization() };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
      credentials: 'omit',
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw asProblem(error);
  }
  follow(answer.headers.get('X-Model-Version'));
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  if (problem.status === 401) key.need(problem.detail);
  throw problem;
}

/** A model that was swapped in answers otherwise: nothing that is kept may outlive its own. */
function follow(now: string | null): void {
  if (now === null || now === version) return;
  if (version !== null) kept.clear();
  version = now;
}

export const forget = (): void => kept.clear();

/** A GET, kept for a minute. What fails is not kept. */
export function get<T>(path: string): Promise<T> {
  const found = kept.get(path);
  if (found && Date.now() - found.at < KEPT_MS) return found.answer as Promise<T>;
  const answer = ask('GET', path).then((reply) => reply.json() as Promise<T>);
  kept.delete(path);
  kept.set(path, { at: Date.now(), answer });
  answer.catch(() => kept.get(path)?.answer === answer && kept.delete(path));
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value as string);
  return answer;
}

/** A GET whose answer is of this moment. */
export async function fresh<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await ask('GET', path, undefined, signal)).json() as Promise<T>;
}

export async function send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T> {
  return (await ask(method, path, body)).json() as Promise<T>;
}

/** null where the service says 404: for what may be missing without being wrong. */
export async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

/** A path with a query; lists become repeated parameters, and what is undefined, empty or false is left out. */
export function pathOf(path: string, query: Record<string, Value | Value[]>): string {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== '' && one !== false) found.append(name, String(one));
    }
  }
  const text = found.toString();
  return text === '' ? path : `${path}?${text}`;
}

type Value = string | number | boolean | undefined;
