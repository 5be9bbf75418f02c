import { type Delivery, recordStop } from '../../core/deliver/delivery.ts';
import { enteredAtMs } from '../../core/deliver/offload.ts';
import { traceOf } from '../../core/event/trace-mode.ts';
import { bus } from '../../core/kernel/limits.ts';
import { dropOf, dropReason } from '../../core/registry/drop.ts';
import type { Drop } from '../../core/registry/receiver.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import { fannedOutBy } from '../refused/misdirected.ts';
import { countDrop } from '../registry/count-drop.ts';
import { traceStop } from '../why/trace.ts';
import { type BatchContext, type Decision, type DeliverTools, postpone } from './batch.ts';
import { findRecords, mayHaveRecord, readDelivery, type SortOutTools } from './sort-out.ts';

/** A message, and the drop that it falls under. */
interface Dropped {
  readonly message: ReceivedMessage;
  readonly drop: Drop;
}

/**
 * Drops what came by subscriptions that were revoked, where the owner of the topic said so. What a redrive sends was given
 * to the receiver before, and is not dropped. The dropped messages are counted before they leave the queue: if that
 * fails, they come again.
 */
export async function dropRevoked(
  tools: SortOutTools & Pick<DeliverTools, 'skips' | 'registry'>,
  context: BatchContext,
): Promise<void> {
  const { receiver: name } = context.receiver;
  const found = droppedOf(context.receiver, context.open);
  if (found.length === 0) return;
  try {
    // It may be subscribed again since it was cached: what came by that is delivered.
    const receiver = (await tools.registry.receiver(name)) ?? context.receiver;
    const dropped = droppedOf(receiver, context.open);
    const decisions = await decide(tools, context, dropped);
    for (const [drop, all] of Map.groupBy(dropped, (one) => one.drop)) {
      const messages = all.map(({ message }) => message);
      await countDrop(tools, name, drop, messages);
    }
    take(context, dropped, decisions);
    context.dropped += dropped.length;
  } catch (error) {
    tools.log('error', 'Events could not be dropped', { receiver: name, reason: String(error) });
    const later = found.map(({ message }) => postpone(tools, message, bus.ownFaultSeconds));
    take(context, found, later);
  }
}

const droppedOf = (
  receiver: BatchContext['receiver'],
  messages: readonly ReceivedMessage[],
): readonly Dropped[] =>
  messages.flatMap((message) => {
    const drop = dropOf(receiver, fannedOutBy(message), enteredAtMs(message));
    return drop === undefined ? [] : [{ message, drop }];
  });

function take(context: BatchContext, taken: readonly Dropped[], decisions: readonly Decision[]): void {
  const messages = new Set(taken.map(({ message }) => message));
  context.open = context.open.filter((message) => !messages.has(message));
  context.decisions.push(...decisions);
}

/** @throws Error when the records of earlier attempts cannot be read. */
async function decide(
  tools: SortOutTools,
  { receiver }: BatchContext,
  dropped: readonly Dropped[],
): Promise<Decision[]> {
  const parsed = dropped.map((one) => ({ ...one, delivery: readDelivery(receiver, one.message) }));
  const records = await findRecords(tools, receiver, parsed);
  if (records === undefined) throw new Error('The records of their attempts could not be read');
  const nowMs = tools.clock.now();
  return parsed.map(({ message, delivery, drop }) =>
    typeof delivery === 'string' || traceOf(message.attributes) === 'none'
      ? { message, done: true }
      : decisionOf(message, delivery, drop),
  );

  function decisionOf(message: ReceivedMessage, delivery: Delivery, drop: Drop): Decision {
    const earlier = mayHaveRecord(message) ? records?.get(delivery.deliveryId) : undefined;
    // It comes again after it was delivered.
    if (earlier?.state === 'delivered') return { message, done: true };
    const why = { cause: 'revoked', detail: dropReason(drop) };
    const record = recordStop(delivery, earlier, why, nowMs, 'dropped');
    return { message, done: true, record, traced: traceStop(delivery, earlier, nowMs) };
  }
}
