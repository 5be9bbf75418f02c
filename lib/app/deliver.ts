import { weigh } from '../core/breaker.ts';
import { causeOf } from '../core/delivery.ts';
import { bus } from '../core/limits.ts';
import { type AttemptTools, attemptAll, lastStart, parked } from './attempt.ts';
import { admission, type BreakerTools, breakerPolicy, countAttempts } from './breaker.ts';
import { probeByDelivery } from './probe-delivery.ts';
import { probeByHead } from './probe-head.ts';
import { type Batch, type SettleTools, settle } from './settle.ts';
import { held, type SortOutTools, sortOut } from './sort-out.ts';

export interface DeliverTools extends SettleTools, SortOutTools, AttemptTools, BreakerTools {}

/**
 * Delivers one batch of one receiver: posts it in parallel, and turns each outcome into acknowledgement, retry by
 * visibility or dead letter. Answers the ids of the messages that must stay in the queue.
 */
export async function deliver(tools: DeliverTools, batch: Batch): Promise<string[]> {
  let receiver = await tools.registry.cachedReceiver(batch.receiver);
  // What is remembered as disabled may be active again, and its messages would be parked for nothing.
  if (receiver?.state === 'disabled') receiver = await tools.registry.receiver(batch.receiver);
  if (receiver === undefined) {
    // The registry is written before the mapping, so it was deleted and its queues will be.
    tools.log('warn', 'A message is for a receiver that does not exist', { receiver: batch.receiver });
    return batch.messages.map((message) => message.messageId);
  }
  if (receiver.state === 'disabled') {
    return await settle(
      tools,
      batch,
      batch.messages.map((message) => parked(message)),
    );
  }
  let admitted = await admission(tools, receiver);
  if (admitted.kind === 'probe' && breakerPolicy(receiver).probe === 'head') {
    await probeByHead(tools, receiver);
    admitted = await admission(tools, receiver);
  }
  if (admitted.kind === 'none') {
    const { waitSeconds } = admitted;
    return await settle(
      tools,
      batch,
      batch.messages.map((message) => held(tools, message, waitSeconds)),
    );
  }
  const lastStartMs = lastStart(receiver, tools.clock.now());
  const sorted = await sortOut(tools, receiver, batch.messages);
  if (admitted.kind === 'probe') {
    return await probeByDelivery(tools, receiver, batch, sorted, lastStartMs);
  }

  const posts = admitted.kind === 'some' ? admitted.posts : sorted.due.length;
  const restWaitsSeconds = admitted.kind === 'some' ? admitted.restWaitsSeconds : 0;
  const waiting = sorted.due.slice(posts).map(({ message }) => held(tools, message, restWaitsSeconds));
  const counts = { successes: 0, failures: 0, cause: '' };
  const decisions = await attemptAll(tools, receiver, sorted.due.slice(0, posts), lastStartMs, (outcome) => {
    const weight = weigh(outcome);
    if (weight === 'success') counts.successes++;
    else {
      counts.failures++;
      counts.cause = causeOf(outcome);
    }
  });
  const kept = await settle(tools, batch, [...sorted.settled, ...decisions, ...waiting]);
  await countAttempts(tools, receiver, admitted, counts, counts.cause).catch((error) =>
    // Thrown on, it would bring back what this batch delivered; the next failure counts again.
    tools.log('error', 'A breaker could not be changed', {
      receiver: receiver.receiver,
      reason: String(error),
    }),
  );
  return kept;
}

