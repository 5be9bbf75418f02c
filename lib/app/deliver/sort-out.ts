import {
  type Delivery,
  type DeliveryRecord,
  deliveryIdOf,
  readiness,
  recordStop,
} from '../../core/deliver/delivery.ts';
import { recordUnattempted } from '../../core/deliver/fault.ts';
import { enteredAtMs, wasReceivedBefore } from '../../core/deliver/offload.ts';
import { bus } from '../../core/kernel/limits.ts';
import { isSkipped } from '../../core/registry/flow.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { redriveAttribute, topicAttribute } from '../../core/routing/routing.ts';
import { isForAnother } from '../../core/system-event/system-event.ts';
import { systemTopicName } from '../../core/system-event/topic.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import {
  type BatchContext,
  type Decision,
  type DeliverTools,
  type Due,
  leaveBehind,
  postpone,
} from './batch.ts';

/**
 * Drops what the receiver skips. The dropped messages are counted before they leave the queue: if the count cannot be
 * written, they come again.
 */
export async function dropSkipped(
  tools: Pick<DeliverTools, 'skips' | 'random' | 'log'>,
  context: BatchContext,
): Promise<void> {
  const { receiver, skip } = context.receiver;
  if (skip === undefined) return;
  const old = context.open.filter((message) => isSkipped(skip, enteredAtMs(message)));
  if (old.length === 0) return;
  context.open = context.open.filter((message) => !old.includes(message));
  try {
    await tools.skips.countDropped(receiver, skip, old.length);
  } catch (error) {
    tools.log('error', 'Skipped events could not be counted', { receiver, reason: String(error) });
    context.decisions.push(...old.map((message) => postpone(tools, message, bus.ownFaultSeconds)));
    return;
  }
  tools.log('warn', 'Events were skipped', {
    receiver,
    before: skip.before,
    messageIds: old.map(({ messageId }) => messageId),
  });
  context.decisions.push(...old.map((message) => ({ message, done: true })));
  context.dropped += old.length;
}

export type SortOutTools = Pick<DeliverTools, 'deliveries' | 'clock' | 'random' | 'log'>;

/**
 * Reads the open messages of a batch and, for those received before, the records of their deliveries: which are due, and
 * what is done with the others. In the ordered lane nothing is due behind an event of its key that must wait, or dies.
 */
export async function sortOut(tools: SortOutTools, context: BatchContext): Promise<void> {
  const { receiver, decisions } = context;
  const parsed = context.open.map((message) => ({ message, delivery: readDelivery(receiver, message) }));
  const records = await findRecords(tools, receiver, parsed);
  const nowMs = tools.clock.now();
  const due: Due[] = [];
  const places = new Map<string, number>();
  const waiting = new Set<string>();
  for (const { message, delivery } of parsed) {
    const { group } = message;
    if (group !== undefined && waiting.has(group)) {
      decisions.push(leaveBehind(message));
      continue;
    }
    const decision = decide(message, delivery);
    if ('attempt' in decision) {
      const place = group === undefined ? 0 : (places.get(group) ?? 0);
      if (group !== undefined) places.set(group, place + 1);
      due.push({ ...decision, place });
      continue;
    }
    decisions.push(decision);
    if (group !== undefined && (!decision.done || decision.deadLetter !== undefined)) waiting.add(group);
  }
  due.sort(
    (left, right) =>
      left.place - right.place || Number(left.earlier !== undefined) - Number(right.earlier !== undefined),
  );
  context.due = due;

  function decide(message: ReceivedMessage, delivery: Delivery | string): Decision | Omit<Due, 'place'> {
    if (typeof delivery === 'string') return poison(receiver, message, delivery, nowMs);
    if (records === undefined && mayHaveRecord(message)) return postpone(tools, message, bus.ownFaultSeconds);
    const earlier = mayHaveRecord(message) ? records?.get(delivery.deliveryId) : undefined;
    const ready = readiness(earlier, nowMs);
    if (ready.kind === 'done') return { message, done: true };
    if (delivery.topic === systemTopicName && isForAnother(JSON.parse(delivery.body), receiver.owner)) {
      return withheld(message, delivery, earlier, nowMs);
    }
    if (ready.kind === 'early') return { message, done: false, hideSeconds: ready.delaySeconds };
    return { message, delivery, attempt: ready.attempt, earlier };
  }
}

/** A first receive has no record, so a delivery that succeeds at once costs no read and no write. */
export const mayHaveRecord = (message: ReceivedMessage) =>
  wasReceivedBefore(message) || redriveAttribute in message.attributes;

/** Undefined when they cannot be read: a delivery that may have one then waits, and the others go on. */
export async function findRecords(
  tools: SortOutTools,
  receiver: Receiver,
  parsed: readonly { message: ReceivedMessage; delivery: Delivery | string }[],
): Promise<ReadonlyMap<string, DeliveryRecord> | undefined> {
  const ids = parsed.flatMap(({ message, delivery }) =>
    mayHaveRecord(message) && typeof delivery !== 'string' ? [delivery.deliveryId] : [],
  );
  if (ids.length === 0) return new Map();
  try {
    return await tools.deliveries.find(ids, receiver);
  } catch (error) {
    const reason = String(error);
    tools.log('error', 'Records of deliveries could not be read', { receiver: receiver.receiver, reason });
    return undefined;
  }
}

/** The delivery that a message stands for, or why there is none. */
export function readDelivery(receiver: Receiver, message: ReceivedMessage): Delivery | string {
  let event: Record<string, unknown>;
  try {
    event = JSON.parse(message.body);
  } catch (error) {
    return `The message is no JSON: ${(error as Error).message}`;
  }
  const { id, source, type, traceparent, tracestate } = event ?? {};
  if (typeof id !== 'string' || typeof source !== 'string' || typeof type !== 'string') {
    return 'The message is no CloudEvent: id, source or type is missing';
  }
  const topic = message.attributes[topicAttribute];
  return {
    deliveryId: deliveryIdOf({ source, id }, topic, receiver.receiver),
    receiver: receiver.receiver,
    ...(receiver.incarnation !== undefined && { incarnation: receiver.incarnation }),
    topic,
    eventId: id,
    eventSource: source,
    eventType: type,
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    ...(typeof tracestate === 'string' && { tracestate }),
    body: message.body,
  };
}

/** A system event of the former owner of the receiver is not for the present one. */
function withheld(
  message: ReceivedMessage,
  delivery: Delivery,
  earlier: DeliveryRecord | undefined,
  nowMs: number,
): Decision {
  const why = {
    cause: 'for-another-application',
    detail: 'The system event was for the application that owned the receiver when it was sent',
  };
  return { message, done: true, record: recordStop(delivery, earlier, why, nowMs) };
}

/** What can never be delivered is a dead letter at once. */
function poison(receiver: Receiver, message: ReceivedMessage, problem: string, nowMs: number): Decision {
  return {
    message,
    done: true,
    deadLetter: recordUnattempted(
      { deliveryId: message.messageId, receiver: receiver.receiver },
      { cause: 'malformed', detail: problem },
      nowMs,
    ),
  };
}
