// A button that copies text: the request behind a view, a command.

import { signal } from '@preact/signals';
import { curlOf, type Question } from '../api/curl';
import { Dialog } from './dialog';
import { Icon } from './icon';
import { toast } from './toast';

/** Where the clipboard is closed (a page over plain HTTP), the text is shown instead. */
const shown = signal<string | null>(null);

export async function copy(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    shown.value = text;
  }
}

export function CopyCurl({ question }: { question: Question }) {
  return (
    <button
      type="button"
      class="button curl"
      title="Copy this question as a command"
      onClick={() => copy(curlOf(question), 'Copied: paste it into a terminal')}
    >
      <Icon name="copy" />
      <span>Copy as curl</span>
    </button>
  );
}

export function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <code>
        {text.split(' ').map((word, i) => (
          <span key={i}>{i === 0 ? word : ` ${word}`}</span>
        ))}
      </code>
      <button type="button" class="bare" aria-label={`Copy ${text}`} onClick={() => copy(text, 'Copied')}>
        <Icon name="copy" />
      </button>
    </div>
  );
}

export function CopyDialog() {
  if (shown.value === null) return null;
  return (
    <Dialog title="Copy this" onClose={() => (shown.value = null)}>
      <textarea
        class="text"
        readOnly
        rows={4}
        value={shown.value}
        aria-label="Text to copy"
        onFocus={(event) => event.currentTarget.select()}
      />
    </Dialog>
  );
}
