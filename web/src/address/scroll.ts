// How far down one was, kept for the way back.

const PATIENCE_MS = 3000; // what a place shows comes from the service, and may be short of its height for that long

let waiting: (() => void) | null = null;

export function toTop(): void {
  waiting?.();
  scrollTo({ top: 0, behavior: 'instant' });
}

/** Goes down to `y` as soon as the page is high enough; the user's own hand ends the waiting. */
export function restore(y: number): void {
  waiting?.();
  if (y <= 0) return toTop();
  const observer = new ResizeObserver(attempt);
  const timer = setTimeout(end, PATIENCE_MS);
  const hands = ['wheel', 'touchstart', 'keydown'] as const;
  for (const hand of hands) addEventListener(hand, end, { passive: true });
  waiting = end;
  observer.observe(document.body);
  attempt();

  function attempt(): void {
    if (document.documentElement.scrollHeight < y + innerHeight - 1) return;
    scrollTo({ top: y, behavior: 'instant' });
    end();
  }
  function end(): void {
    observer.disconnect();
    clearTimeout(timer);
    for (const hand of hands) removeEventListener(hand, end);
    waiting = null;
  }
}

/** Tells where one is whenever scrolling has come to rest. */
export function remember(tell: (y: number) => void): void {
  let timer = 0;
  addEventListener(
    'scroll',
    () => {
      clearTimeout(timer);
      timer = setTimeout(() => waiting === null && tell(scrollY), 150);
    },
    { passive: true },
  );
}
