import { eventHash } from '../event/hash.ts';
import { Places } from './places.ts';

/** What an attempt came to; `dead-lettered` is the last one of a delivery that failed for good. */
export const attemptStates = ['delivered', 'failed', 'dead-lettered'] as const;
export type AttemptState = (typeof attemptStates)[number];

/** One attempt that is traced. */
export interface AttemptedEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** Undefined for an event that was sent to the receiver alone. */
  readonly topic: string | undefined;
  readonly startedAtMs: number;
  readonly latencyMs: number;
  readonly state: AttemptState;
  /** What the endpoint answered; undefined when no answer came, or its protocol has none. */
  readonly status?: number;
  /** Why no answer came, such as `timeout`. */
  readonly error?: string;
  /** Counted from 1. */
  readonly attempt: number;
  readonly nextAttemptAtMs?: number;
  /** Whether its delivery has a record (it failed once), where `why` finds all of its attempts. */
  readonly isRecorded: boolean;
}

/** The traced attempts of one batch, packed: shared values are stored once, and each attempt points to them. */
export interface AttemptedRow {
  readonly kind: 'attempted';
  readonly atMs: number;
  readonly receiver: string;
  /** Of the receiver; absent when it has none. */
  readonly incarnation?: string;
  readonly lane: string;
  readonly sources: readonly string[];
  readonly types: readonly string[];
  readonly topics: readonly (string | null)[];
  /** Present if any attempt failed: why no answer came. */
  readonly errors?: readonly string[];
  /**
   * Id behind a `=`, indexes of source, type and topic, start in milliseconds before `atMs`, status (0: none), latency.
   * Where the delivery has a record also: number of the attempt, index of its state, index of its error (-1: none),
   * seconds from `atMs` to the next attempt (-1: none).
   */
  readonly attempts: readonly (readonly [name: string, ...numbers: number[]])[];
}

/** The form of rows that were written before attempts had rows: only what succeeded at once, by the hashes of ids. */
export interface DeliveredRow extends Omit<AttemptedRow, 'kind' | 'errors' | 'attempts'> {
  readonly kind: 'delivered';
  readonly deliveries: AttemptedRow['attempts'];
}

/** Packs the attempts of a batch, at most ten. */
export function packAttempted(
  atMs: number,
  { receiver, incarnation }: Pick<AttemptedRow, 'receiver' | 'incarnation'>,
  lane: string,
  attempts: readonly AttemptedEvent[],
): AttemptedRow {
  const sources = new Places<string>();
  const types = new Places<string>();
  const topics = new Places<string | null>();
  const errors = new Places<string>();
  const packed = attempts.map((one): AttemptedRow['attempts'][number] => {
    const { id, source, type, topic, startedAtMs, latencyMs, status = 0, error, nextAttemptAtMs } = one;
    const short = [
      nameOf(id),
      sources.of(source),
      types.of(type),
      topics.of(topic ?? null),
      Math.round(atMs - startedAtMs),
      status,
      Math.round(latencyMs),
    ] as const;
    if (!one.isRecorded) return short;
    const nextSeconds =
      nextAttemptAtMs === undefined ? -1 : Math.max(0, Math.round((nextAttemptAtMs - atMs) / 1000));
    const failure = error === undefined ? -1 : errors.of(error);
    return [...short, one.attempt, attemptStates.indexOf(one.state), failure, nextSeconds];
  });
  return {
    kind: 'attempted',
    atMs,
    receiver,
    ...(incarnation !== undefined && { incarnation }),
    lane,
    sources: sources.values,
    types: types.values,
    topics: topics.values,
    ...(attempts.some(({ state }) => state !== 'delivered') && { errors: errors.values }),
    attempts: packed,
  };
}

/** The texts that the JSON of every row has in which there may be such an attempt. */
export const mayHold = (wanted: {
  readonly receiver?: string | undefined;
  readonly topic?: string | undefined;
  readonly type?: string | undefined;
  readonly isFailed?: boolean;
}): string[] => [
  ...(wanted.receiver === undefined ? [] : [`"receiver":${JSON.stringify(wanted.receiver)}`]),
  ...[wanted.topic, wanted.type].flatMap((name) => (name === undefined ? [] : [JSON.stringify(name)])),
  ...(wanted.isFailed === true ? ['"errors":['] : []),
];

/** The attempts of a row, the last one to begin first. */
export function attemptsIn(row: AttemptedRow): readonly AttemptedEvent[] {
  return row.attempts
    .map((packed) => unpack(row, packed, packed[0].slice(1)))
    .sort((one, other) => other.startedAtMs - one.startedAtMs);
}

/** A delivery that succeeded at its first attempt; all others have a record. */
export type DeliveredEvent = AttemptedEvent & { readonly isRecorded: false };

/** The deliveries of an event id that have no record: several when different sources use the same id. */
export function deliveredIn(row: AttemptedRow | DeliveredRow, eventId: string): readonly DeliveredEvent[] {
  const isOld = row.kind === 'delivered';
  const name = isOld ? eventHash(eventId) : nameOf(eventId);
  return (isOld ? row.deliveries : row.attempts)
    .filter((packed) => packed[0] === name)
    .map((packed) => unpack(row, packed, eventId))
    .filter((one): one is DeliveredEvent => !one.isRecorded);
}

/** By which of these the JSON of a row says that it may have an event: by its hash, or by its whole id. */
export const textsOf = (eventId: string): readonly [string, string] => [
  eventHash(eventId),
  JSON.stringify(nameOf(eventId)),
];

/** No hash begins so: what succeeded at once is known by its whole id, so that a list can name it. */
const nameOf = (eventId: string) => `=${eventId}`;

function unpack(
  row: Omit<AttemptedRow, 'kind' | 'attempts'>,
  packed: AttemptedRow['attempts'][number],
  id: string,
): AttemptedEvent {
  const [, source = -1, type = -1, topic = -1, before = 0, status = 0, latencyMs = 0, ...record] = packed;
  const [attempt = 1, state = 0, failure = -1, nextSeconds = -1] = record;
  const error = row.errors?.[failure];
  return {
    id,
    source: row.sources[source] ?? '',
    type: row.types[type] ?? '',
    topic: row.topics[topic] ?? undefined,
    startedAtMs: row.atMs - before,
    latencyMs,
    state: attemptStates[state] ?? 'failed',
    ...(status > 0 && { status }),
    ...(error !== undefined && { error }),
    attempt,
    ...(nextSeconds >= 0 && { nextAttemptAtMs: row.atMs + nextSeconds * 1000 }),
    isRecorded: record.length > 0,
  };
}
