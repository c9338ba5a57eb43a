// Asks for the API key where the service wants one.

import { useState } from 'preact/hooks';
import { forget } from '../api/client';
import * as key from '../api/key';
import { Dialog } from '../components/dialog';
import { refresh } from '../api/service';

export function KeyDialog() {
  const [text, setText] = useState('');
  if (key.asked.value === null) return null;
  return (
    <Dialog title="A key is needed" onClose={key.refuse}>
      <p>
        <bdi>{key.asked.value}</bdi>
      </p>
      <form
        class="line"
        onSubmit={(event) => {
          event.preventDefault();
          forget();
          key.give(text);
          setText('');
          void refresh();
        }}
      >
        <input
          class="text"
          type="password"
          autoComplete="off"
          autofocus
          aria-label="API key"
          placeholder="API key"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button class="button main" disabled={text.trim() === ''}>
          Use it
        </button>
      </form>
      <p class="hint">It stays in the memory of this tab and goes nowhere but to this service.</p>
    </Dialog>
  );
}
