import { senderFor } from '../../connectors/kind.ts';
import { type Admission, restAskedFor, weigh } from '../../core/breaker/breaker.ts';
import { causeOf } from '../../core/deliver/delivery.ts';
import { type LanePlan, lanePlan } from '../../core/deliver/lane-plan.ts';
import { isSplit } from '../../core/deliver/offload.ts';
import { bus } from '../../core/kernel/limits.ts';
import { isFlowing } from '../../core/registry/flow.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { mayDeliver } from '../../core/registry/validation.ts';
import {
  admission,
  type BreakerTools,
  breakerPolicy,
  changeBreaker,
  countAttempts,
  orTell,
} from '../breaker/breaker.ts';
import type { TraceTools } from '../why/trace.ts';
import { type Attempted, type AttemptTools, attemptAll, lastStart } from './attempt.ts';
import { type Decision, type Due, held, parked } from './decision.ts';
import { hotTypes, type OffloadTools, observeBatch, placeBatch } from './offload.ts';
import { probeByDelivery } from './probe-delivery.ts';
import { probeByHead } from './probe-head.ts';
import { type Batch, type SettleTools, settle } from './settle.ts';
import { settleAndTrace } from './settle-and-trace.ts';
import { dropSkipped, type SkipTools } from './skip.ts';
import { releaseSlot, takeTurn } from './slots.ts';
import { type SortedOut, type SortOutTools, sortOut } from './sort-out.ts';
import { type StillPolledTools, stopStillPolled } from './still-polled.ts';

export interface DeliverTools
  extends SettleTools,
    SkipTools,
    SortOutTools,
    AttemptTools,
    BreakerTools,
    OffloadTools,
    StillPolledTools,
    TraceTools {}

/**
 * Delivers one batch of one receiver: posts it in parallel, and turns each outcome into acknowledgement, retry by
 * visibility or dead letter. Answers the ids of the messages that must stay in the queue.
 */
export async function deliver(tools: DeliverTools, batch: Batch): Promise<string[]> {
  const startedMs = tools.clock.now();
  let receiver = await tools.registry.cachedReceiver(batch.receiver);
  // What is remembered as standing still may be active again, and its messages would be parked for nothing.
  if (receiver !== undefined && !isFlowing(receiver))
    receiver = await tools.registry.receiver(batch.receiver);
  if (receiver === undefined) {
    // The registry is written before the mapping, so it was deleted and its queues will be.
    tools.log('warn', 'A message is for a receiver that does not exist', { receiver: batch.receiver });
    return batch.messages.map((message) => message.messageId);
  }
  if (!mayDeliver(receiver) || senderFor(tools, receiver) === undefined) {
    // Its lane is not polled much longer, or goes to another function, or its endpoint is just being asked.
    const waiting = batch.messages.map((message) => held(tools, message, bus.ownFaultSeconds));
    return await settle(tools, batch, waiting);
  }
  if (receiver.state !== 'active') {
    const kept = await settle(
      tools,
      batch,
      batch.messages.map((message) => parked(message)),
    );
    await stopStillPolled(tools, receiver);
    return kept;
  }
  const { skipped, messages } = await dropSkipped(tools, receiver, batch.messages);
  const admitted = await admitBatch(tools, receiver);
  if (admitted.kind === 'none') {
    const waiting = messages.map((message) => held(tools, message, admitted.waitSeconds));
    return await settle(tools, batch, [...skipped, ...waiting]);
  }
  const offload = await hotTypes(tools, batch.receiver);
  const { placed, messages: staying } = await placeBatch(tools, batch, offload, messages);
  const { settled, due } = await sortOut(tools, receiver, staying);
  const sorted = { settled: [...skipped, ...placed, ...settled], due };
  const lastStartMs = lastStart(tools, receiver, startedMs);
  if (admitted.kind === 'probe') return await probeByDelivery(tools, receiver, batch, sorted, lastStartMs);
  const plan = lanePlan(receiver, batch.role, isSplit(offload, startedMs));
  return await deliverDue(tools, receiver, batch, sorted, { admitted, plan, lastStartMs, startedMs });
}

/** How a batch is delivered: what its breaker and its lane leave to it, and until when. */
interface Way {
  readonly admitted: Extract<Admission, { kind: 'all' | 'some' }>;
  readonly plan: LanePlan;
  readonly startedMs: number;
  readonly lastStartMs: number;
}

async function deliverDue(
  tools: DeliverTools,
  receiver: Receiver,
  batch: Batch,
  { settled, due }: SortedOut,
  { admitted, plan, startedMs, lastStartMs }: Way,
): Promise<string[]> {
  const posts = admitted.kind === 'some' ? admitted.posts : due.length;
  const restWaitsSeconds = admitted.kind === 'some' ? admitted.restWaitsSeconds : 0;
  const waiting = due.slice(posts).map(({ message }) => held(tools, message, restWaitsSeconds));
  const attempts: Attempted[] = [];
  const decisions = await inTurn(tools, batch.receiver, plan, due.slice(0, posts), lastStartMs, (going) =>
    attemptAll(tools, receiver, batch.role, plan, going, lastStartMs, (attempted) =>
      attempts.push(attempted),
    ),
  );
  const outcomes = attempts.map(({ outcome }) => outcome);
  const rests = outcomes.map((outcome) => restAskedFor(outcome, tools.clock.now()) ?? 0);
  const untilMs = Math.max(0, ...rests);
  // Before the rest is settled: other batches are to know it as soon as can be.
  if (untilMs > 0) {
    await orTell(tools, receiver, () => changeBreaker(tools, receiver, { kind: 'throttled', untilMs }));
  }
  const kept = await settleAndTrace(tools, batch, [...settled, ...decisions, ...waiting]);

  const failed = outcomes.filter((outcome) => weigh(outcome) === 'failure');
  const counts = { successes: outcomes.length - failed.length, failures: failed.length };
  const last = failed.at(-1);
  // Thrown on, a fault here would bring back what this batch delivered; the next failure counts again.
  await orTell(tools, receiver, () =>
    countAttempts(tools, receiver, admitted, counts, last === undefined ? '' : causeOf(last)),
  );
  if (batch.role === 'online') {
    // What went to the other lane took nothing from this one.
    const messages = due.map(({ message }) => message);
    await observeBatch(tools, receiver, { startedMs, messages, attempts });
  }
  return kept;
}

/** Delivers when it is the batch's turn, where batches go one at a time. */
async function inTurn(
  tools: DeliverTools,
  receiver: string,
  plan: LanePlan,
  due: readonly Due[],
  lastStartMs: number,
  go: (due: readonly Due[]) => Promise<Decision[]>,
): Promise<Decision[]> {
  if (plan.turn === undefined || due.length === 0) return await go(due);
  const turn = await takeTurn(tools, receiver, plan.turn, lastStartMs);
  if (turn === undefined) return due.map(({ message }) => held(tools, message, bus.turnWaitSeconds));
  try {
    return await go(due);
  } finally {
    await releaseSlot(tools, receiver, turn);
  }
}

/** What the breaker lets the batch do, after a probe by HEAD where the receiver has chosen that and it is due. */
async function admitBatch(tools: DeliverTools, receiver: Receiver): Promise<Admission> {
  const admitted = await admission(tools, receiver);
  if (admitted.kind !== 'probe' || breakerPolicy(receiver).probe !== 'head') return admitted;
  await orTell(tools, receiver, () => probeByHead(tools, receiver));
  const after = await admission(tools, receiver);
  return after.kind === 'probe' ? { kind: 'none', waitSeconds: bus.ownFaultSeconds } : after;
}
