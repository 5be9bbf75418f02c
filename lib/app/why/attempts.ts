import { owns, type Principal, requireOwner, scopeName } from '../../core/access/access.ts';
import { isOfLifetime } from '../../core/access/acting.ts';
import { deliveryIdOf } from '../../core/deliver/delivery.ts';
import { invalidField, unknownCursor } from '../../core/kernel/errors.ts';
import type { Portion } from '../../core/list/portion.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import {
  type AttemptedEvent,
  type AttemptedRow,
  type AttemptState,
  attemptsIn,
  mayHold,
} from '../../core/why/attempted.ts';
import { traceSeconds } from '../../core/why/limits.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type PageQuery, pageOf } from '../list/page.ts';
import { findReceiver } from '../registry/receivers.ts';
import { getTopic } from '../registry/topics.ts';
import { notRecordedLately, notRecordedOf } from './omitted.ts';

export type AttemptsTools = Tools<'registry' | 'traces' | 'trace'>;

export interface AttemptsQuery extends PageQuery {
  readonly receiver?: string | undefined;
  readonly topic?: string | undefined;
  readonly type?: string | undefined;
  /** `failed` takes those that were dead-lettered, too: their last attempt failed. */
  readonly state?: AttemptState | undefined;
  /** By when the batch of an attempt was over, epoch milliseconds. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

/** An attempt as the list shows it. Times are RFC 3339. Who owns only the topic sees what comes before `lane`. */
export interface ShownAttempt {
  readonly at: string;
  readonly receiver: string;
  readonly topic?: string;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly deliveryId: string;
  /** Counted from 1. */
  readonly attempt: number;
  readonly state: AttemptState;
  readonly lane?: string;
  readonly status?: number;
  /** Why no answer came, such as `timeout`. */
  readonly error?: string;
  readonly latencyMs?: number;
  readonly nextAttemptAt?: string;
}

/**
 * The latest traced attempts, those that ended last first: at the caller's receivers, and of the events of its topics.
 * A page makes at most 64 reads of at most 1 MB, and has none of what was deleted or made anew since.
 * @throws BusbarError unknown_topic, unknown_receiver, forbidden, invalid_request.
 */
export async function listAttempts(
  tools: AttemptsTools,
  principal: Principal,
  query: AttemptsQuery,
): Promise<{ deliveries: ShownAttempt[]; notRecorded?: string; cursor?: string }> {
  const { receiver, topic, type, state, since, until } = query;
  if (since !== undefined && until !== undefined && since >= until) {
    throw invalidField('since', 'is not before until');
  }
  const { omitted, beganMs } = await lookAtNamed(tools, principal, query);
  const sinceMs = Math.max(since ?? 0, tools.clock.now() - traceSeconds * 1000, beganMs);
  const names = { receivers: new Map<string, Receiver | undefined>(), topics: new Map() } as Known;
  const list = ['attempts', scopeName(principal), receiver, topic, type, state, since, until];
  const { items: deliveries, ...rest } = await pageOf(
    list.map((part) => String(part ?? '')),
    query,
    async (after, limit) => {
      const from = positionOf(after);
      const { items, last } = await tools.traces.attempts(
        { sinceMs, untilMs: until },
        from.before,
        limit,
        mayHold({ receiver, topic, type, isFailed: state !== undefined && state !== 'delivered' }),
      );
      await learn(tools, names, items);
      return portionOf(items, last, from);
    },
    (one) => (isWanted(one, query) ? show(principal, names, one) : undefined),
  );
  return { deliveries, ...(omitted !== undefined && { notRecorded: omitted }), ...rest };
}

/** Refuses what the caller may not ask for; says what is not recorded of what it asks for, and since when that exists. */
async function lookAtNamed(
  tools: AttemptsTools,
  principal: Principal,
  { receiver: receiverName, topic: topicName }: AttemptsQuery,
): Promise<{ readonly omitted: string | undefined; readonly beganMs: number }> {
  const topic = topicName === undefined ? undefined : await getTopic(tools, topicName);
  const receiver = receiverName === undefined ? undefined : await findReceiver(tools, receiverName);
  if (receiver !== undefined && !owns(principal, topic?.owner)) {
    requireOwner(principal, receiver.owner, `The receiver ${receiverName}`);
  }
  return {
    omitted: topic === undefined ? await notRecordedLately(tools) : notRecordedOf(tools.trace, topic),
    beganMs: Math.max(
      0,
      ...[receiver, topic].map((one) => (one === undefined ? 0 : Date.parse(one.createdAt))),
    ),
  };
}

interface Attempt {
  readonly row: AttemptedRow;
  readonly event: AttemptedEvent;
}

/** Where a page goes on: before a row, or inside it behind so many of its attempts. */
interface Position {
  readonly before: string;
  readonly row: string;
  readonly shown: number;
}

/** Read from `<sort key>` or `<sort key>~<number>`; the time is what a sort key begins with. */
function positionOf(after: string): Position {
  const [, row, time = '', number] =
    /^((\d{4}-\d\d-\d\dT[\d:.]{12}Z)(?:#\w{1,8})?)(?:~(\d{1,3}))?$/.exec(after) ?? [];
  if (after === '') return { before: '', row: '', shown: 0 };
  if (row === undefined || Number.isNaN(Date.parse(time))) throw unknownCursor();
  return number === undefined
    ? { before: row, row: '', shown: 0 }
    : // Above the row, and below every other one that is above it.
      { before: `${row}~`, row, shown: Number(number) };
}

function portionOf(
  rows: Portion<AttemptedRow>['items'],
  last: string | undefined,
  from: Position,
): Portion<Attempt> {
  const items = rows.flatMap(({ key, item: row }) =>
    attemptsIn(row)
      .map((event, at) => ({ key: `${key}~${at + 1}`, item: { row, event } }))
      .slice(key === from.row ? from.shown : 0),
  );
  return { items, last };
}

/** What the registry says about the names in rows: undefined for what was deleted. */
interface Known {
  readonly receivers: Map<string, Pick<Receiver, 'owner' | 'incarnation' | 'createdAt'> | undefined>;
  readonly topics: Map<string, Pick<Receiver, 'owner' | 'incarnation' | 'createdAt'> | undefined>;
}

async function learn(
  { registry }: AttemptsTools,
  known: Known,
  rows: Portion<AttemptedRow>['items'],
): Promise<void> {
  const receivers = new Set(rows.map(({ item }) => item.receiver).filter((one) => !known.receivers.has(one)));
  const topics = new Set(
    rows
      .flatMap(({ item }) => item.topics)
      .filter((one): one is string => one !== null && !known.topics.has(one)),
  );
  const [foundReceivers, foundTopics] = await Promise.all([
    registry.receiversNamed([...receivers]),
    registry.topicsNamed([...topics]),
  ]);
  for (const one of receivers) known.receivers.set(one, foundReceivers.get(one));
  for (const one of topics) known.topics.set(one, foundTopics.get(one));
}

function isWanted({ row, event }: Attempt, { receiver, topic, type, state }: AttemptsQuery): boolean {
  return (
    (receiver === undefined || row.receiver === receiver) &&
    (topic === undefined || event.topic === topic) &&
    (type === undefined || event.type === type) &&
    (state === undefined || event.state === state || (state === 'failed' && event.state === 'dead-lettered'))
  );
}

function show(principal: Principal, known: Known, { row, event }: Attempt): ShownAttempt | undefined {
  const receiver = known.receivers.get(row.receiver);
  // What a receiver got is not shown as what a later one of the name got.
  if (receiver === undefined || !isOfLifetime(row, event.startedAtMs, receiver)) return undefined;
  const topic = event.topic === undefined ? undefined : known.topics.get(event.topic);
  const isOwn = owns(principal, receiver.owner);
  // Rows do not say which lifetime of a topic their events are of; none of an earlier one is sent in a later one.
  const isOfOwnTopic =
    topic !== undefined && owns(principal, topic.owner) && isOfLifetime({}, event.startedAtMs, topic);
  if (!isOwn && !isOfOwnTopic) return undefined;
  const { id, source, type, attempt, state, status, error, nextAttemptAtMs } = event;
  const common = {
    at: new Date(event.startedAtMs).toISOString(),
    receiver: row.receiver,
    ...(event.topic !== undefined && { topic: event.topic }),
    ...{ id, source, type },
    deliveryId: deliveryIdOf(event, event.topic, row.receiver),
    attempt,
    state,
  };
  if (!isOwn) return common;
  return {
    ...common,
    lane: row.lane,
    ...(status !== undefined && { status }),
    ...(error !== undefined && { error }),
    latencyMs: event.latencyMs,
    ...(nextAttemptAtMs !== undefined && { nextAttemptAt: new Date(nextAttemptAtMs).toISOString() }),
  };
}
