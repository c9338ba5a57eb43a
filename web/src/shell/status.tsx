// The state of the service in two sentences; opens to its rates.

import { useState } from 'preact/hooks';
import type { StatusReply } from '../api/replies';
import { Dialog } from '../components/dialog';
import { ago, count, counted, percent } from '../components/words';
import { refresh, status, trouble } from '../api/service';

export function StatusCard({ open = false }: { open?: boolean }) {
  const [details, setDetails] = useState(false);
  const { state, word, sentence } = summary();
  const card = (
    <>
      <b class={state}>{word}</b>
      {sentence}
    </>
  );
  if (open) {
    return (
      <div class="status">
        {card}
        <Details />
      </div>
    );
  }
  return (
    <>
      <button type="button" class="status" aria-haspopup="dialog" onClick={() => (setDetails(true), void refresh())}>
        {card}
      </button>
      {details && (
        <Dialog title="The service" onClose={() => setDetails(false)}>
          <p>{sentence}</p>
          <Details />
        </Dialog>
      )}
    </>
  );
}

function summary(): { state: string; word: string; sentence: string } {
  const told = status.value;
  if (trouble.value) return { state: 'bad', word: trouble.value.title, sentence: trouble.value.detail };
  if (!told) return { state: 'waiting', word: 'Asking', sentence: '' };
  if (!told.serving)
    return { state: 'waiting', word: 'No model yet', sentence: told.next_step ? `Next: ${told.next_step}.` : '' };
  return { state: 'good', word: 'Serving', sentence: quality(told) };
}

function quality({ created, sessions, hr20, hr20_popular }: StatusReply): string {
  const parts: string[] = [];
  if (created) parts.push(`Trained ${ago(created)}${sessions ? ` on ${counted(sessions, 'session')}` : ''}.`);
  if (hr20 !== null && hr20 !== undefined) {
    const beside = typeof hr20_popular === 'number' ? `; most popular: ${percent(hr20_popular)}` : '';
    parts.push(`Right in the first 20 for ${percent(hr20)} of held-out steps${beside}.`);
  }
  return parts.join(' ');
}

function Details() {
  const told = status.value;
  if (!told) return null;
  const rates = told.rates ?? (told as StatusReply['rates']) ?? {};
  const rows: [string, string | null][] = [
    ['Model', told.model_version],
    ['Items with a vector', number(told.items, count)],
    ['Sessions', number(told.sessions, count)],
    ['Events in the log', number(told.events, count)],
    [
      'Right in the first 20',
      told.interval ? `${told.interval.map((part) => (part * 100).toFixed(1)).join(' to ')}\u00a0%` : null,
    ],
    ['Recall of the index', number(rates?.recall, (n) => n.toFixed(3))],
    ['Requests a second', number(rates?.requests_per_second, (n) => n.toFixed(1))],
    ['Half of answers within', number(rates?.p50_ms, ms)],
    ['99 of 100 within', number(rates?.p99_ms, ms)],
    ['Errors a second', number(rates?.errors_per_second, (n) => n.toFixed(2))],
  ];
  return (
    <dl class="facts">
      {rows.map(
        ([name, value]) =>
          value !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

const ms = (n: number): string => `${n < 10 ? n.toFixed(1) : Math.round(n)} ms`;

const number = (n: number | null | undefined, say: (n: number) => string): string | null =>
  typeof n === 'number' ? say(n) : null;
