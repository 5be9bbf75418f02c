import { eventHash } from '../event/hash.ts';
import type { Target } from '../event/target.ts';
import type { Refusal } from '../filter/match.ts';

/** What becomes known at a publish: one event, and which of the receivers refused it. */
export interface PublishedEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** Set when it was to be delivered later. */
  readonly dueAtMs?: number;
  readonly refusals: Readonly<Record<string, readonly Refusal[]>>;
}

/** The events of one request, packed: what many of them share stands once, and an event points to it. */
export interface PublishedRow {
  readonly kind: 'published';
  readonly atMs: number;
  readonly target: Target;
  /** Who was subscribed then. */
  readonly receivers: readonly string[];
  readonly sources: readonly string[];
  readonly types: readonly string[];
  readonly rules: readonly { readonly receiver: string; readonly refusals: readonly Refusal[] }[];
  /** Hash, places of source and type, due time in seconds after `atMs` (-1: at once), places of the rules that refused. */
  readonly events: readonly (readonly [hash: string, ...numbers: number[]])[];
}

/** One delivery that succeeded at its first attempt: all others have a record. */
export interface DeliveredEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly topic: string | undefined;
  readonly startedAtMs: number;
  readonly latencyMs: number;
  readonly status: number;
}

/** The deliveries of one batch, packed alike. */
export interface DeliveredRow {
  readonly kind: 'delivered';
  readonly atMs: number;
  readonly receiver: string;
  readonly lane: string;
  readonly sources: readonly string[];
  readonly types: readonly string[];
  readonly topics: readonly (string | null)[];
  /** Hash, places of source, type and topic, milliseconds before `atMs` of its start, status, latency. */
  readonly deliveries: readonly (readonly [hash: string, ...numbers: number[]])[];
}

export type TraceRow = PublishedRow | DeliveredRow;

/** A row must stay below the 400 KB of a DynamoDB item; a smaller one is as cheap by the byte. */
const rowCharactersMax = 100_000;

/** Packs the events of a request into as few rows as hold them: one, unless thousands of rules refused. */
export function packPublished(
  atMs: number,
  target: Target,
  receivers: readonly string[],
  events: readonly PublishedEvent[],
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
    receivers,
    sources: sources.values,
    types: types.values,
    rules: rules.values,
    events: packed,
  };
  if (events.length === 1 || JSON.stringify(row).length <= rowCharactersMax) return [row];
  const middle = events.length >> 1;
  return [
    ...packPublished(atMs, target, receivers, events.slice(0, middle)),
    ...packPublished(atMs, target, receivers, events.slice(middle)),
  ];
}

/** Packs the deliveries of a batch, of which a queue hands out ten at most. */
export function packDelivered(
  atMs: number,
  receiver: string,
  lane: string,
  deliveries: readonly DeliveredEvent[],
): DeliveredRow {
  const sources = new Places<string>();
  const types = new Places<string>();
  const topics = new Places<string | null>();
  const packed = deliveries.map((delivery): DeliveredRow['deliveries'][number] => [
    eventHash(delivery.id),
    sources.of(delivery.source),
    types.of(delivery.type),
    topics.of(delivery.topic ?? null),
    Math.round(atMs - delivery.startedAtMs),
    delivery.status,
    Math.round(delivery.latencyMs),
  ]);
  return {
    kind: 'delivered',
    atMs,
    receiver,
    lane,
    sources: sources.values,
    types: types.values,
    topics: topics.values,
    deliveries: packed,
  };
}

/** What a row says of one event; it may say it more than once, of equal ids of different sources. */
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

export function deliveredIn(row: DeliveredRow, eventId: string): readonly DeliveredEvent[] {
  const hash = eventHash(eventId);
  return row.deliveries.flatMap(
    ([name, source = -1, type = -1, topic = -1, before = 0, status = 0, latency = 0]) =>
      name !== hash
        ? []
        : [
            {
              id: eventId,
              source: row.sources[source] ?? '',
              type: row.types[type] ?? '',
              topic: row.topics[topic] ?? undefined,
              startedAtMs: row.atMs - before,
              latencyMs: latency,
              status,
            },
          ],
  );
}

/**
 * The time that stands in an id, in epoch milliseconds, when it is of a kind that has one: a UUID of version 7
 * (RFC 9562) or a ULID. No event is older than its id, so that a search may begin there.
 */
export function timeInId(eventId: string): number | undefined {
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(eventId)) {
    return Number.parseInt(eventId.replaceAll('-', '').slice(0, 12), 16);
  }
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(eventId)) return undefined;
  const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  return [...eventId.slice(0, 10)].reduce((time, digit) => time * 32 + digits.indexOf(digit), 0);
}

/** Values by their place in a list, each once. */
class Places<Value> {
  readonly values: Value[] = [];
  readonly #places = new Map<string, number>();

  of(value: Value): number {
    const text = JSON.stringify(value);
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    this.#places.set(text, this.values.length);
    return this.values.push(value) - 1;
  }
}
