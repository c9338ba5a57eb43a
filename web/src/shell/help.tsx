// What the keys do.

import { Dialog } from '../components/dialog';
import { helping } from './keys';
import { VIEWS } from './views';

export function Help() {
  if (!helping.value) return null;
  const rows: [string[], string][] = [
    [['/'], 'Search'],
    [['↑', '↓'], 'From row to row, from suggestion to suggestion'],
    [['Enter'], 'Open'],
    ...VIEWS.map(({ letter, name }): [string[], string] => [['g', letter], `Go to ${name}`]),
    [['?'], 'This help'],
  ];
  return (
    <Dialog title="Keys" onClose={() => (helping.value = false)}>
      <dl class="facts">
        {rows.map(([keys, what]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
