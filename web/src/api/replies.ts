// What the service answers, as docs/api.md and GET /openapi.json have it.

export type Score = 'similar' | 'next';

export interface Evidence {
  sessions: number;
  lift: number;
  first_before: number;
  second_before: number;
  distance: number;
  last: string | null;
}

export interface Found {
  item_id: string;
  title: string | null;
  category: string | null;
  rank: number;
  score: number | null;
  source: 'model' | 'content' | 'type' | 'category' | 'popular';
  evidence?: Evidence | null;
}

export interface ListReply {
  model_version: string | null;
  items: Found[];
  shortfall_reason: string | null;
  reason?: string;
  unknown?: string[];
  ignored?: string[];
}

export interface Item {
  item_id: string;
  title: string | null;
  category: string | null;
  available: boolean;
  metadata: Record<string, unknown>;
  trained: boolean;
  sessions_count: number | null;
}

/** What names an item wherever it is shown. */
export interface Named {
  item_id: string;
  title: string | null;
  category: string | null;
}

export interface SuggestReply {
  items: Named[];
}

export interface VectorsReply {
  model_version: string;
  dims: number;
  scale: number;
  vectors: Record<string, string>;
  unknown: string[];
}

export interface Region {
  name: string;
  x: number;
  y: number;
  level: number;
  items: number;
}

export interface MapReply {
  model_version: string;
  items: number;
  kept: number;
  view: [number, number, number, number];
  regions: Region[];
  categories: string[];
  points: string;
  began_with: string | null;
}

export interface MapItemsReply {
  ids: (string | null)[];
  titles: (string | null)[];
}

export interface Place {
  score: number;
  rank: number;
}

export interface ExplainReply {
  item_id: string;
  candidate_id: string;
  evidence: Evidence | null;
  similar: Place | null;
  next: Place | null;
  parts: Record<string, number>;
  missing: Record<string, string>;
  sentences: string[];
}

export interface Rates {
  requests_per_second: number | null;
  p50_ms: number | null;
  p99_ms: number | null;
  errors_per_second: number | null;
  recall: number | null;
}

export interface StatusReply {
  serving: boolean;
  model_version: string | null;
  created: string | null;
  sessions: number | null;
  items: number | null;
  events: number | null;
  hr20: number | null;
  hr20_popular: number | null;
  interval: [number, number] | null;
  next_step: string | null;
  rates?: Partial<Rates>;
}
