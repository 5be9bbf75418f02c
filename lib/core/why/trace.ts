import { eventHash } from '../event/hash.ts';
import type { Target } from '../event/target.ts';
import type { Mismatch } from '../filter/match.ts';
import type { AttemptedRow, DeliveredRow } from './attempted.ts';
import { Places } from './places.ts';

/** What a publish knows: one event, and the receivers whose filters did not match it. */
export interface PublishedEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** Set for a delayed event. */
  readonly dueAtMs?: number;
  readonly refusals: Readonly<Record<string, readonly Mismatch[]>>;
}

/** The events of one request, packed: shared values are stored once, and each event points to them. */
export interface PublishedRow {
  readonly kind: 'published';
  readonly atMs: number;
  readonly target: Target;
  /** Of the target; absent when it has none. */
  readonly incarnation?: string;
  /** The application that published them; absent in rows from before this was recorded. */
  readonly by?: string;
  /** The receivers that were subscribed at that time. */
  readonly receivers: readonly string[];
  readonly sources: readonly string[];
  readonly types: readonly string[];
  readonly rules: readonly { readonly receiver: string; readonly refusals: readonly Mismatch[] }[];
  /**
   * Hash, indexes of source and type, due time in seconds after `atMs` (-1: at once), indexes of the rules that did not
   * match.
   */
  readonly events: readonly (readonly [hash: string, ...numbers: number[]])[];
}

export type TraceRow = PublishedRow | AttemptedRow | DeliveredRow;

/** A row must stay below the 400 KB of a DynamoDB item; smaller rows cost the same per byte. */
const rowCharactersMax = 100_000;

/** Packs the events of a request into as few rows as possible: one, unless thousands of rules did not match. */
export function packPublished(
  atMs: number,
  target: Target,
  receivers: readonly string[],
  events: readonly PublishedEvent[],
  by?: Pick<PublishedRow, 'incarnation' | 'by'>,
): readonly PublishedRow[] {
  if (events.length === 0) return [];
  const sources = new Places<string>();
  const types = new Places<string>();
  const rules = new Places<PublishedRow['rules'][number]>();
  const packed = events.map(({ id, source, type, dueAtMs, refusals }): PublishedRow['events'][number] => [
    eventHash(id),
    sources.of(source),
    types.of(type),
    dueAtMs === undefined ? -1 : Math.max(0, Math.round((dueAtMs - atMs) / 1000)),
    ...Object.entries(refusals).map(([receiver, list]) => rules.of({ receiver, refusals: list })),
  ]);
  const row: PublishedRow = {
    kind: 'published',
    atMs,
    target,
    ...by,
    receivers,
    sources: sources.values,
    types: types.values,
    rules: rules.values,
    events: packed,
  };
  if (events.length === 1 || JSON.stringify(row).length <= rowCharactersMax) return [row];
  const middle = events.length >> 1;
  return [
    ...packPublished(atMs, target, receivers, events.slice(0, middle), by),
    ...packPublished(atMs, target, receivers, events.slice(middle), by),
  ];
}

/** The entries of a row for one event id; several when different sources use the same id. */
export function publishedIn(row: PublishedRow, eventId: string): readonly PublishedEvent[] {
  const hash = eventHash(eventId);
  return row.events.flatMap(([name, source = -1, type = -1, due = -1, ...rules]) =>
    name !== hash
      ? []
      : [
          {
            id: eventId,
            source: row.sources[source] ?? '',
            type: row.types[type] ?? '',
            ...(due >= 0 && { dueAtMs: row.atMs + due * 1000 }),
            refusals: Object.fromEntries(
              rules.flatMap((rule) => {
                const found = row.rules[rule];
                return found === undefined ? [] : [[found.receiver, found.refusals]];
              }),
            ),
          },
        ],
  );
}

/**
 * The time in an id, in epoch milliseconds, if it is a version 7 UUID (RFC 9562) or a ULID. No event is older than its
 * id, so a search can begin there.
 */
export function timeInId(eventId: string): number | undefined {
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(eventId)) {
    return Number.parseInt(eventId.replaceAll('-', '').slice(0, 12), 16);
  }
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(eventId)) return undefined;
  const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  return [...eventId.slice(0, 10)].reduce((time, digit) => time * 32 + digits.indexOf(digit), 0);
}
