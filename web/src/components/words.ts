// Numbers and times as people say them.

const whole = new Intl.NumberFormat('en');

export const count = (n: number): string => whole.format(n);

export const counted = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** 0.853 to "85 %"; below one in a hundred with a digit more. */
export const percent = (part: number): string =>
  `${part > 0 && part < 0.01 ? (part * 100).toFixed(1) : Math.round(part * 100)}\u00a0%`;

const UNITS: [number, string][] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
];

/** "35 minutes ago". */
export function ago(iso: string, now = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  for (const [size, unit] of UNITS) {
    const n = Math.floor(seconds / size);
    if (n >= 1) return `${counted(n, unit)} ago`;
  }
  return 'just now';
}

export const ordinal = (n: number): string => {
  const last = n % 100;
  const ending = last > 10 && last < 14 ? 'th' : ({ 1: 'st', 2: 'nd', 3: 'rd' }[n % 10] ?? 'th');
  return `${count(n)}${ending}`;
};
