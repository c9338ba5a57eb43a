// The state of the service, asked for again and again while somebody looks.

import { signal } from '@preact/signals';
import { fresh } from './client';
import { type Problem, asProblem } from './problem';
import type { StatusReply } from './replies';

const EVERY_MS = 15_000;

export const status = signal<StatusReply | null>(null);
export const trouble = signal<Problem | null>(null);

let timer = 0;

export async function refresh(): Promise<void> {
  clearTimeout(timer);
  try {
    status.value = await fresh<StatusReply>('/status');
    trouble.value = null;
  } catch (error) {
    trouble.value = asProblem(error);
  }
  clearTimeout(timer);
  timer = setTimeout(() => document.visibilityState === 'visible' && void refresh(), EVERY_MS);
}

export function start(): void {
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void refresh());
  void refresh();
}
