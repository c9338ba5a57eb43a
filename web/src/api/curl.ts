// The request behind what is shown, as a line for a terminal.

import { hasKey } from './key';

export interface Question {
  method?: string;
  path: string;
  body?: unknown;
}

/** Quoted for a POSIX shell, whatever the ids hold. The key itself stays out: only its name is there. */
export function curlOf({ method = 'GET', path, body }: Question): string {
  const words = ['curl'];
  if (method !== 'GET') words.push('-X', method);
  if (hasKey()) words.push('-H', '"Authorization: Bearer $ITEM2VEC_KEY"');
  if (body !== undefined)
    words.push('-H', quoted('Content-Type: application/json'), '-d', quoted(JSON.stringify(body)));
  words.push(quoted(`${location.origin}${path}`));
  return words.join(' ');
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
