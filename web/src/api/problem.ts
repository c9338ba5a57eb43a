// What went wrong with a request, in words that a person can act on.

/** An answer that is no answer: `status` 0 where none came at all. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
    this.name = 'Problem';
  }

  /** Whether the same question may be answered another time. */
  get mayPass(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  get title(): string {
    return TITLES[this.code] ?? (this.status >= 500 ? 'The service could not answer' : 'That did not work');
  }
}

const TITLES: Record<string, string> = {
  unreachable: 'The service does not answer',
  key_invalid: 'A key is needed',
  scope_missing: 'This key may not do that',
  item_unknown: 'No such item',
  item_untrained: 'The model has no vector of this item',
  no_model: 'No model serves yet',
  model_loading: 'The model is being loaded',
  rate_exceeded: 'Too many requests',
  busy: 'The service has as much work as it takes at once',
  request_invalid: 'The service cannot read this question',
  filter_field_unknown: 'No item has this field',
  filter_value_unfit: 'The field has values of another kind',
};

/** From an answer that is not 2xx: problem+json where the service itself wrote it, else what a proxy left. */
export async function problemOf(answer: Response): Promise<Problem> {
  const later = Number(answer.headers.get('Retry-After'));
  const retry = Number.isFinite(later) && later > 0 ? later : null;
  try {
    const told = (await answer.json()) as { code?: unknown; detail?: unknown; title?: unknown; fields?: unknown };
    const names = Array.isArray(told.fields) ? `: ${told.fields.join(', ')}` : '';
    const detail = `${String(told.detail ?? told.title ?? answer.statusText)}${names}`;
    return new Problem(answer.status, String(told.code ?? 'unknown'), detail, retry);
  } catch {
    return new Problem(answer.status, 'unknown', `It answered ${answer.status} ${answer.statusText}.`, retry);
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const said = error instanceof Error ? error.message : String(error);
  return new Problem(0, 'unreachable', `Nothing came back (${said}). Is it still running?`);
}
