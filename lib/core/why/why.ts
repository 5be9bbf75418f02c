import type { ShownBreaker } from '../breaker/breaker.ts';
import type { AttemptRecord } from '../deliver/attempts.ts';
import type { DeliveryRecord } from '../deliver/delivery.ts';
import type { TraceMode } from '../event/trace-mode.ts';
import type { Mismatch } from '../filter/match.ts';
import type { ErrorCode } from '../kernel/errors.ts';
import type { Lane } from '../kernel/place.ts';
import { dropOf, dropReason } from '../registry/drop.ts';
import { isFlowing, isSkipped } from '../registry/flow.ts';
import type { Receiver } from '../registry/receiver.ts';
import { mayDeliver } from '../registry/validation.ts';
import { filterChangeSeconds, newSubscriptionSeconds } from './limits.ts';
import { nextOf, type Wait } from './next.ts';
import { deliveryIdAt, type Occurrence } from './occurrence.ts';

/** A subscription as it is now. Epoch milliseconds. */
export interface Subscribed {
  readonly receiver: string;
  readonly filtered: boolean;
  readonly sinceMs: number;
  /** The last changes of its filter. */
  readonly changesMs: readonly number[];
}

/** What the registry now says about the target of an occurrence. */
export interface Surroundings {
  readonly nowMs: number;
  /** The current trace mode of the target. */
  readonly trace: TraceMode;
  /** The lane that the target's events enter first. */
  readonly lane: Lane;
  /** The current subscribers; empty for an invoked event. */
  readonly subscribed: readonly Subscribed[];
  readonly receivers: ReadonlyMap<string, Receiver>;
  /** The breakers of the receivers that are shown whole. */
  readonly breakers: ReadonlyMap<string, ShownBreaker>;
}

/** The receivers that an occurrence may have gone to. */
export function receiversOf(
  occurrence: Occurrence,
  now: Pick<Surroundings, 'subscribed'>,
): readonly string[] {
  const published = occurrence.published.at(-1);
  const traced = published?.receivers;
  return [
    ...new Set([
      ...now.subscribed
        .filter((one) => published && isNewAt(one, published.atMs))
        .map(({ receiver }) => receiver),
      // Today's subscribers may not have been subscribed then: they are shown only when nothing better is known.
      ...(traced ?? now.subscribed.map(({ receiver }) => receiver)),
      ...('receiver' in occurrence.target ? [occurrence.target.receiver] : []),
      ...occurrence.delivered.map(({ receiver }) => receiver),
      ...occurrence.failing,
    ]),
  ].sort();
}

/** Whether a subscription was made so shortly before that time that a publisher may not have known it. */
const isNewAt = ({ sinceMs }: Subscribed, atMs: number) =>
  sinceMs <= atMs && atMs < sinceMs + newSubscriptionSeconds * 1000;

/** Why nobody knows by which filter an event went that was published then; undefined when that is known. */
function doubtAbout(
  subscription: Subscribed | undefined,
  isTraced: boolean,
  atMs: number,
): string | undefined {
  if (subscription === undefined) return undefined;
  if (!isTraced && isNewAt(subscription, atMs))
    return `it was subscribed at ${iso(subscription.sinceMs)}, shortly before the event, which may have come too early for it`;
  const changedMs = subscription.changesMs.findLast(
    (ms) => ms <= atMs && atMs < ms + filterChangeSeconds * 1000,
  );
  return changedMs === undefined
    ? undefined
    : `its filter was changed at ${iso(changedMs)}, and AWS may use the one before for up to ${filterChangeSeconds / 60} minutes: the event went by either, and no attempt is recorded`;
}

/** What the whole event waits for, if nothing of it has left for a receiver. */
export function stateOfEvent({ scheduled, held }: Occurrence): ExplainedEvent['state'] {
  if (scheduled?.state === 'cancelled') return 'cancelled';
  if (held?.isStill === true) return 'held';
  return scheduled?.state === 'waiting' ? 'scheduled' : undefined;
}

export interface Attempt {
  readonly attempt: number;
  /** RFC 3339. */
  readonly at: string;
  readonly lane: string;
  readonly status?: number;
  readonly latencyMs: number;
  /** Why there was no answer, such as `timeout`. */
  readonly error?: string;
  /** The first KB of the response, or the network's error. */
  readonly detail?: string;
  /** What was sent, as far as it is known by now. */
  readonly request?: {
    /** Null where the value is hidden, or was not recorded. */
    readonly headers: Readonly<Record<string, string | null>>;
    /** When the settings were changed since, which decide some of them. */
    readonly settingsChangedAt?: string;
  };
}

/** What became of an event at one receiver. */
export interface Fate {
  readonly receiver: string;
  readonly deliveryId: string;
  /** `unknown` when the decision was not recorded and cannot be told from the subscription as it is now. */
  readonly matched: boolean | 'unknown';
  /** For each alternative of the filter, the key and condition that did not match. */
  readonly refusedBy?: readonly Mismatch[];
  readonly lane?: string;
  /**
   * `accepted` (waits for its first attempt), `held` (its topic is on hold), `scheduled`, `cancelled`, `refused`, `delivering`
   * (due now), `retrying`, `delivered`, `dead`, `parked` (its receiver is paused, disabled or not validated, or its breaker is open),
   * `skipped`, `dropped` (its subscription was revoked, and the owner of the topic dropped what was waiting), `stopped` (it
   * goes round in a circle, or is for another application), `unknown` (not recorded). Absent when the filter did not match.
   */
  readonly state?: string;
  readonly attempts: readonly Attempt[];
  /** The number of attempts, when not all are recorded. */
  readonly attemptCount?: number;
  /** The earliest time of the next attempt; absent while nobody knows, as at a receiver that is paused. */
  readonly nextAttemptAt?: string;
  readonly waitsFor?: Wait;
  /** When it became a dead letter, the last one if it is one now; it may have been redriven in between. */
  readonly deadLettered?: readonly {
    readonly at: string;
    readonly cause: string;
    readonly attempts: number;
  }[];
  /** What is not recorded, or why there are no more attempts. */
  readonly note?: string;
}

/** One event, as the answer shows it. Times are RFC 3339. */
export interface ExplainedEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly topic?: string;
  /** The receiver of an invoked event. */
  readonly invoked?: string;
  readonly publishedAt?: string;
  /** How often it was published, when more than once. */
  readonly publishes?: number;
  readonly dueAt?: string;
  /** `scheduled`, `cancelled` or `held`, while nothing of it has left for a receiver. */
  readonly state?: 'scheduled' | 'cancelled' | 'held';
  /** When its topic began to hold it. */
  readonly heldAt?: string;
  /** Why it was last refused; shown to who published it. */
  readonly refused?: {
    /** Its id in `GET /v1/refused`. */
    readonly id: string;
    readonly at: string;
    readonly code: ErrorCode;
    readonly detail: string;
  };
  /** Set when its target was deleted since, and created again. */
  readonly former?: true;
  readonly trace: TraceMode;
  readonly receivers: readonly Fate[];
  /** How many receivers are not shown because the caller does not own them. */
  readonly hiddenReceivers?: number;
}

export interface Why {
  readonly id: string;
  readonly events: readonly ExplainedEvent[];
  readonly searched: { readonly since: string; readonly complete: boolean };
  /** What is not traced, and so is missing here. */
  readonly notRecorded?: string;
}

const iso = (ms: number) => new Date(ms).toISOString();

/** The sentence that says what a trace omits. */
function notRecorded(occurrence: Occurrence, trace: TraceMode): string {
  const what =
    'topic' in occurrence.target
      ? `the trace of the topic ${occurrence.target.topic} is ${trace}`
      : `the trace of invoked events is ${trace}`;
  return `not recorded: ${what}; there is no record of a failed attempt`;
}

/** The fate of an occurrence at one receiver. A delivery record takes precedence. */
export function fateOf(
  occurrence: Occurrence,
  receiver: string,
  record: DeliveryRecord | undefined,
  now: Surroundings,
): Fate {
  const known = now.receivers.get(receiver);
  const breaker = now.breakers.get(receiver);
  const successes = occurrence.delivered.filter((one) => one.receiver === receiver);
  const published = occurrence.published.at(-1);
  const subscription = now.subscribed.find((one) => one.receiver === receiver);
  // A receiver may be named like a member that every object has, such as `constructor`.
  const refusals =
    published !== undefined && Object.hasOwn(published.refusals, receiver)
      ? published.refusals[receiver]
      : undefined;
  const fate = { receiver, deliveryId: deliveryIdAt(occurrence, receiver) };

  if (record !== undefined) {
    const history = record.history ?? [];
    const before = record.before ?? [];
    const attempts = [
      ...successes.map(attemptOfTrace),
      ...before.flatMap((life) => (life.history ?? []).map(attemptOfRecord)),
      ...history.map(attemptOfRecord),
    ];
    const lane = attempts.at(-1)?.lane;
    const missing = record.attempts > history.length;
    const dropped =
      record.state === 'retrying' && known !== undefined
        ? dropOf(known, topicOf(occurrence), record.firstAttemptAtMs)
        : undefined;
    const state = dropped === undefined ? stateOf(record, known, breaker, now.nowMs) : 'dropped';
    const deaths = deathsOf(record);
    return {
      ...fate,
      matched: true,
      ...(lane !== undefined && { lane }),
      state,
      attempts,
      ...(missing && { attemptCount: record.attempts }),
      ...nextOf(state, record.nextAttemptAtMs, known, breaker),
      ...(deaths.length > 0 && { deadLettered: deaths }),
      ...(breaker?.state === 'open' && state === 'parked' && { note: breakerNote(breaker) }),
      ...(known === undefined && { note: 'the receiver was deleted' }),
      ...(missing && { note: `${history.length} of ${record.attempts} attempts are recorded` }),
      ...(record.state === 'stopped' && { note: `it was not sent: ${record.detail}` }),
      ...(dropped !== undefined && { note: dropReason(dropped) }),
      ...(record.state === 'dropped' && { note: record.detail }),
    };
  }
  if (successes.length > 0) {
    const attempts = successes.map(attemptOfTrace);
    return { ...fate, matched: true, lane: attempts[0]?.lane ?? now.lane, state: 'delivered', attempts };
  }
  const doubt = published && doubtAbout(subscription, published.receivers.includes(receiver), published.atMs);
  if (refusals !== undefined) {
    if (doubt === undefined) return { ...fate, matched: false, refusedBy: refusals, attempts: [] };
    return { ...fate, matched: 'unknown', refusedBy: refusals, state: 'unknown', attempts: [], note: doubt };
  }

  const invoked = 'receiver' in occurrence.target;
  const matched = published !== undefined || invoked || subscription?.filtered === false ? true : 'unknown';
  const dueAtMs = occurrence.scheduled?.dueAtMs ?? published?.dueAtMs;
  const waiting = { ...fate, matched, lane: now.lane, attempts: [] } as const;
  if (occurrence.scheduled?.state === 'cancelled') {
    return { ...waiting, state: 'cancelled', note: 'it was cancelled before it was due' };
  }
  const { refused } = occurrence;
  if (refused !== undefined && refused.atMs >= (published?.atMs ?? 0)) {
    return { ...waiting, state: 'refused', note: refused.detail };
  }
  if (dueAtMs !== undefined && dueAtMs > now.nowMs) {
    return { ...waiting, state: 'scheduled', nextAttemptAt: iso(dueAtMs), waitsFor: 'time' };
  }
  if (occurrence.held?.isStill === true) {
    return { ...waiting, state: 'held', note: 'its topic is on hold', waitsFor: 'release' };
  }
  if (occurrence.failing.has(receiver)) {
    return {
      ...waiting,
      matched: true,
      state: 'unknown',
      note: 'it failed, but its record is missing',
    };
  }
  if (published === undefined) {
    return { ...waiting, state: 'unknown', note: notRecorded(occurrence, now.trace) };
  }
  if (known === undefined) return { ...waiting, state: 'unknown', note: 'the receiver was deleted' };
  if (doubt !== undefined) return { ...waiting, matched: 'unknown', state: 'unknown', note: doubt };
  if (isSkipped(known.skip, dueAtMs ?? published.atMs)) {
    const note = `the receiver skips what entered its lane before ${known.skip?.before}`;
    return { ...waiting, state: 'skipped', note };
  }
  const dropped = dropOf(known, topicOf(occurrence), dueAtMs ?? published.atMs);
  if (dropped !== undefined) return { ...waiting, state: 'dropped', note: dropReason(dropped) };
  const parked = { ...waiting, state: 'parked', ...nextOf('parked', undefined, known, breaker) };
  if (known.state !== 'active') return { ...parked, note: `the receiver is ${known.state}` };
  if (!mayDeliver(known)) {
    const note = `its endpoint has not agreed to receive events: ${known.validation?.state ?? 'pending'}`;
    return { ...parked, note };
  }
  if (breaker?.state === 'open') return { ...parked, note: breakerNote(breaker) };
  if (breaker?.restsUntil !== undefined) {
    const note = `the endpoint asked to be left alone until ${breaker.restsUntil}`;
    return { ...waiting, state: 'accepted', nextAttemptAt: breaker.restsUntil, note, waitsFor: 'rest' };
  }
  const isEnded = !invoked && subscription === undefined;
  const note = isEnded
    ? 'no attempt is recorded; its subscription has ended since, and what it was sent before is still delivered'
    : 'no attempt is recorded yet';
  return { ...waiting, state: isEnded ? 'unknown' : 'accepted', note };
}

const topicOf = ({ target }: Occurrence) => ('topic' in target ? target.topic : undefined);

/** Why nothing is sent to the endpoint, and when that may end. */
function breakerNote({ since, reason, forced, nextProbeAt }: ShownBreaker): string {
  const why = reason === undefined ? '' : `: ${reason}`;
  const next = forced
    ? 'It was forced open by hand, and stays so until it is given back'
    : nextProbeAt === undefined
      ? 'It is probed soon'
      : `It is probed next at ${nextProbeAt}`;
  return `the breaker of the receiver is open${since === undefined ? '' : ` since ${since}`}${why}. ${next}.`;
}

/** Each time that a delivery became a dead letter. */
function deathsOf(record: DeliveryRecord): NonNullable<Fate['deadLettered']> {
  const { state, attempts, lastAttemptAtMs, cause, before = [] } = record;
  return [
    ...before.map((life) => ({ at: iso(life.diedAtMs), cause: life.cause, attempts: life.attempts })),
    ...(state === 'dead' ? [{ at: iso(lastAttemptAtMs), cause, attempts }] : []),
  ];
}

/**
 * What the producer of an event sees of its fate at a receiver of another team: whether it matched and its state, and
 * nothing of the endpoint or the subscription.
 */
export function forProducer(fate: Fate): Fate {
  const {
    receiver,
    deliveryId,
    matched,
    state,
    attempts,
    attemptCount = attempts.length,
    nextAttemptAt,
  } = fate;
  return {
    receiver,
    deliveryId,
    matched,
    ...(state !== undefined && { state }),
    attempts: [],
    ...(attemptCount > 0 && { attemptCount }),
    ...(nextAttemptAt !== undefined && { nextAttemptAt }),
  };
}

function stateOf(
  record: DeliveryRecord,
  receiver: Receiver | undefined,
  breaker: ShownBreaker | undefined,
  nowMs: number,
): string {
  if (record.state !== 'retrying') return record.state;
  // What failed before the skip also entered the lane before it.
  if (isSkipped(receiver?.skip, record.lastAttemptAtMs)) return 'skipped';
  if (receiver !== undefined && !isFlowing(receiver)) return 'parked';
  if (breaker?.state === 'open') return 'parked';
  return record.nextAttemptAtMs !== undefined && record.nextAttemptAtMs > nowMs ? 'retrying' : 'delivering';
}

function attemptOfRecord({ atMs, detail, ...attempt }: AttemptRecord): Attempt {
  return { ...attempt, at: iso(atMs), ...(detail !== '' && { detail }) };
}

function attemptOfTrace(success: Occurrence['delivered'][number]): Attempt {
  const { startedAtMs, latencyMs, status, lane } = success;
  return { attempt: 1, at: iso(startedAtMs), lane, ...(status !== undefined && { status }), latencyMs };
}
