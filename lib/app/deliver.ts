import { type Admission, weigh } from '../core/breaker.ts';
import { causeOf } from '../core/delivery.ts';
import { isFlowing } from '../core/flow.ts';
import { bus } from '../core/limits.ts';
import type { Receiver } from '../core/registry.ts';
import { mayDeliver } from '../core/validation.ts';
import { type AttemptTools, attemptAll, lastStart, parked } from './attempt.ts';
import { admission, type BreakerTools, breakerPolicy, countAttempts, orTell } from './breaker.ts';
import { probeByDelivery } from './probe-delivery.ts';
import { probeByHead } from './probe-head.ts';
import { type Batch, type SettleTools, settle } from './settle.ts';
import { settleAndTrace } from './settle-and-trace.ts';
import { dropSkipped, type SkipTools } from './skip.ts';
import { held, type SortOutTools, sortOut } from './sort-out.ts';
import type { TraceTools } from './trace.ts';

export interface DeliverTools
  extends SettleTools,
    SkipTools,
    SortOutTools,
    AttemptTools,
    BreakerTools,
    TraceTools {}

/**
 * Delivers one batch of one receiver: posts it in parallel, and turns each outcome into acknowledgement, retry by
 * visibility or dead letter. Answers the ids of the messages that must stay in the queue.
 */
export async function deliver(tools: DeliverTools, batch: Batch): Promise<string[]> {
  let receiver = await tools.registry.cachedReceiver(batch.receiver);
  // What is remembered as standing still may be active again, and its messages would be parked for nothing.
  if (receiver !== undefined && !isFlowing(receiver))
    receiver = await tools.registry.receiver(batch.receiver);
  if (receiver === undefined) {
    // The registry is written before the mapping, so it was deleted and its queues will be.
    tools.log('warn', 'A message is for a receiver that does not exist', { receiver: batch.receiver });
    return batch.messages.map((message) => message.messageId);
  }
  if (!mayDeliver(receiver)) {
    // Its lane is not polled much longer, or its endpoint is just being asked.
    const waiting = batch.messages.map((message) => held(tools, message, bus.ownFaultSeconds));
    return await settle(tools, batch, waiting);
  }
  if (receiver.state !== 'active') {
    return await settle(
      tools,
      batch,
      batch.messages.map((message) => parked(message)),
    );
  }
  const { skipped, messages } = await dropSkipped(tools, receiver, batch.messages);
  const admitted = await admitBatch(tools, receiver);
  if (admitted.kind === 'none') {
    const waiting = messages.map((message) => held(tools, message, admitted.waitSeconds));
    return await settle(tools, batch, [...skipped, ...waiting]);
  }
  const lastStartMs = lastStart(receiver, tools.clock.now());
  const { settled, due } = await sortOut(tools, receiver, messages);
  const decided = [...skipped, ...settled];
  if (admitted.kind === 'probe') {
    return await probeByDelivery(tools, receiver, batch, { settled: decided, due }, lastStartMs);
  }

  const posts = admitted.kind === 'some' ? admitted.posts : due.length;
  const restWaitsSeconds = admitted.kind === 'some' ? admitted.restWaitsSeconds : 0;
  const waiting = due.slice(posts).map(({ message }) => held(tools, message, restWaitsSeconds));
  const counts = { successes: 0, failures: 0 };
  let cause = '';
  const attempted = await attemptAll(
    tools,
    receiver,
    batch.role,
    due.slice(0, posts),
    lastStartMs,
    (outcome) => {
      if (weigh(outcome) === 'success') counts.successes++;
      else {
        counts.failures++;
        cause = causeOf(outcome);
      }
    },
  );
  const kept = await settleAndTrace(tools, batch, [...decided, ...attempted, ...waiting]);
  // Thrown on, a fault here would bring back what this batch delivered; the next failure counts again.
  await orTell(tools, receiver, () => countAttempts(tools, receiver, admitted, counts, cause));
  return kept;
}

/** What the breaker lets the batch do, after a probe by HEAD where the receiver has chosen that and it is due. */
async function admitBatch(tools: DeliverTools, receiver: Receiver): Promise<Admission> {
  const admitted = await admission(tools, receiver);
  if (admitted.kind !== 'probe' || breakerPolicy(receiver).probe !== 'head') return admitted;
  await orTell(tools, receiver, () => probeByHead(tools, receiver));
  const after = await admission(tools, receiver);
  return after.kind === 'probe' ? { kind: 'none', waitSeconds: bus.ownFaultSeconds } : after;
}
