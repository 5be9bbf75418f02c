import { senderFor } from '../../connectors/kind.ts';
import { restAskedFor, weigh } from '../../core/breaker/breaker.ts';
import { causeOf } from '../../core/deliver/delivery.ts';
import { isOfTheBus } from '../../core/deliver/fault.ts';
import { lanePlan } from '../../core/deliver/lane-plan.ts';
import { isOld, isSplit } from '../../core/deliver/offload.ts';
import { bus } from '../../core/kernel/limits.ts';
import { isFlowing } from '../../core/registry/flow.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { mayDeliver } from '../../core/registry/validation.ts';
import { systemTopicName } from '../../core/system-event/topic.ts';
import {
  admission,
  breakerPolicy,
  changeBreaker,
  countAttempts,
  followBreaker,
  logFailure,
} from '../breaker/breaker.ts';
import { countBatch } from '../statistics/count.ts';
import { watchBacklog } from '../system-event/backlog.ts';
import { attemptAll, lastStart } from './attempt.ts';
import {
  type Attempted,
  type Batch,
  type BatchContext,
  type Decision,
  type DeliverTools,
  type Due,
  park,
  postpone,
} from './batch.ts';
import { dropRevoked } from './drop.ts';
import { faulted } from './fault.ts';
import { releaseSlot, takeTurn } from './limits.ts';
import { leaveFormer, refuseMisdirected } from './misdirected.ts';
import { observeBatch, placeHotTypes } from './offload.ts';
import { probeByDelivery, probeByHead } from './probe-endpoint.ts';
import { settle } from './settle.ts';
import { dropSkipped, sortOut } from './sort-out.ts';
import { stopStillPolled } from './still-polled.ts';

/** A batch whose turn did not come within the function's time comes back after this time. */
const turnWaitSeconds = 5;

/**
 * Delivers one batch of one receiver: sends in parallel, and turns each outcome into acknowledgement, retry by
 * visibility timeout or dead letter. Returns the ids of the messages that must stay in the queue.
 */
export async function deliver(tools: DeliverTools, batch: Batch): Promise<string[]> {
  const startedMs = tools.clock.now();
  const receiver = await readReceiver(tools, batch.receiver);
  if (receiver === undefined) {
    // The registry is written before the mapping: the receiver was deleted, and its queues will be.
    tools.log('warn', 'A message is for a receiver that does not exist', { receiver: batch.receiver });
    return batch.messages.map(({ messageId }) => messageId);
  }
  const context: BatchContext = {
    batch,
    receiver,
    startedMs,
    lastStartMs: lastStart(tools, receiver, startedMs),
    open: batch.messages,
    decisions: [],
    isParked: false,
    admission: undefined,
    offload: undefined,
    plan: lanePlan(receiver, batch.role, false),
    due: [],
    attempts: [],
    dropped: 0,
    probed: undefined,
  };
  await decideAll(tools, context);
  const kept = await settle(tools, context);
  const nowMs = tools.clock.now();
  if (batch.messages.some((message) => isOld(message, nowMs))) await watchBacklog(tools, context);
  if (context.isParked) await stopStillPolled(tools, receiver);
  await Promise.all([count(tools, context), countForStatistics(tools, context, kept), tools.spans?.flush()]);
  return kept;
}

/** The receiver; read anew when the cached copy is not flowing, because it may flow again by now. */
async function readReceiver(
  { registry }: Pick<DeliverTools, 'registry'>,
  name: string,
): Promise<Receiver | undefined> {
  const cached = await registry.cachedReceiver(name);
  return cached === undefined || isFlowing(cached) ? cached : await registry.receiver(name);
}

/** Decides, so that no message is left without a decision: one that comes back without a trace would block its key. */
async function decideAll(tools: DeliverTools, context: BatchContext): Promise<void> {
  try {
    await decide(tools, context);
  } catch (error) {
    const decided = new Set(context.decisions.map(({ message }) => message));
    const left = context.batch.messages.filter((message) => !decided.has(message));
    context.decisions.push(...left.map((message) => faulted(tools, context.batch.receiver, message, error)));
  }
}

/** Decides what is done with each message, and makes the attempts that it takes. */
async function decide(tools: DeliverTools, context: BatchContext): Promise<void> {
  const { receiver } = context;
  // Its endpoint is being validated, or its lane is about to be polled by another function or by none.
  if (!mayDeliver(receiver) || senderFor(tools, receiver) === undefined) {
    return postponeOpen(tools, context, bus.ownFaultSeconds);
  }
  if (receiver.state !== 'active') {
    context.isParked = true;
    return void context.decisions.push(...context.open.map(park));
  }
  leaveFormer(tools, context);
  await refuseMisdirected(tools, context);
  await dropSkipped(tools, context);
  if (receiver.drops !== undefined) await dropRevoked(tools, context);
  await admit(tools, context);
  if (context.admission?.kind === 'none') {
    return postponeOpen(tools, context, context.admission.waitSeconds);
  }
  await placeHotTypes(tools, context);
  await sortOut(tools, context);
  if (context.admission?.kind === 'probe') await probeByDelivery(tools, context);
  else await attemptDue(tools, context);
}

function postponeOpen(
  tools: Pick<DeliverTools, 'random'>,
  { open, decisions }: BatchContext,
  seconds: number,
): void {
  decisions.push(...open.map((message) => postpone(tools, message, seconds)));
}

/** Asks the breaker what the batch may do, after a probe by HEAD where the receiver chose that and one is due. */
async function admit(tools: DeliverTools, context: BatchContext): Promise<void> {
  const { receiver } = context;
  context.admission = await admission(tools, receiver);
  if (context.admission.kind !== 'probe' || breakerPolicy(receiver).probe !== 'head') return;
  await logFailure(tools, receiver, () => probeByHead(tools, receiver));
  const after = await admission(tools, receiver);
  context.admission = after.kind === 'probe' ? { kind: 'none', waitSeconds: bus.ownFaultSeconds } : after;
}

/** Attempts what is due, as far as the breaker admits it. */
async function attemptDue(tools: DeliverTools, context: BatchContext): Promise<void> {
  const { receiver, admission, due, decisions } = context;
  const some = admission?.kind === 'some' ? admission : undefined;
  const posts = some?.posts ?? due.length;
  const restWaitsSeconds = some?.restWaitsSeconds ?? 0;
  const waiting = due.slice(posts).map(({ message }) => postpone(tools, message, restWaitsSeconds));
  if (isSplit(context.offload, context.startedMs)) {
    context.plan = lanePlan(receiver, context.batch.role, true);
  }
  decisions.push(...(await attemptInTurn(tools, context, due.slice(0, posts))), ...waiting);

  const nowMs = tools.clock.now();
  const rests = context.attempts.map(({ outcome }) => restAskedFor(outcome, nowMs) ?? 0);
  const untilMs = Math.max(0, ...rests);
  // Before the batch is settled, so that other batches learn of the rest as soon as possible.
  if (untilMs > 0) {
    await logFailure(tools, receiver, () => changeBreaker(tools, receiver, { kind: 'throttled', untilMs }));
  }
}

/** Attempts when it is the batch's turn, where batches go one at a time. */
async function attemptInTurn(
  tools: DeliverTools,
  context: BatchContext,
  due: readonly Due[],
): Promise<Decision[]> {
  const { receiver, plan, lastStartMs } = context;
  if (plan.turn === undefined || due.length === 0) return await attemptAll(tools, context, due);
  const turn = await takeTurn(tools, receiver.receiver, plan.turn, lastStartMs);
  if (turn === undefined) return due.map(({ message }) => postpone(tools, message, turnWaitSeconds));
  try {
    return await attemptAll(tools, context, due);
  } finally {
    await releaseSlot(tools, receiver.receiver, turn);
  }
}

/**
 * Tells the breaker and the hot types what the attempts came to. No failure here is thrown: that would bring back what
 * the batch delivered, and the next batch counts again.
 */
async function count(tools: DeliverTools, context: BatchContext): Promise<void> {
  const { batch, receiver, admission, attempts, probed } = context;
  if (probed !== undefined) {
    await logFailure(tools, receiver, () => followBreaker(tools, receiver, probed.before, probed.breaker));
  }
  if (admission?.kind !== 'all' && admission?.kind !== 'some') return;
  const made = attempts.filter(({ outcome }) => wasAsked(outcome));
  const failed = made.filter(({ outcome }) => weigh(outcome) === 'failure');
  const counts = { successes: made.length - failed.length, failures: failed.length };
  const last = failed.at(-1);
  await logFailure(tools, receiver, () =>
    countAttempts(tools, receiver, admission, counts, {
      cause: last === undefined ? '' : causeOf(last.outcome),
      isQuiet: failed.every(({ topic }) => topic === systemTopicName),
    }),
  );
  if (batch.role === 'online') await observeBatch(tools, context);
}

/** @param kept the ids of the messages that stay: a letter among them is not dead yet. */
async function countForStatistics(
  tools: DeliverTools,
  { receiver, attempts, decisions, dropped, startedMs }: BatchContext,
  kept: readonly string[],
): Promise<void> {
  const staying = new Set(kept);
  const letters = decisions.filter(
    ({ deadLetter, message }) => deadLetter !== undefined && !staying.has(message.messageId),
  );
  const delivered = attempts.filter(({ isDelivered }) => isDelivered).length;
  const failed = attempts.length - delivered;
  const counts = { delivered, failed, deadLettered: letters.length, dropped };
  if (attempts.length + letters.length + dropped === 0) return;
  await countBatch(tools, receiver, {
    ...counts,
    waitsSeconds: attempts.filter((one) => !one.isDelivered).map(({ waitedSeconds }) => waitedSeconds),
    firstWaitsSeconds: attempts.filter(({ isFirst }) => isFirst).map(({ waitedSeconds }) => waitedSeconds),
    latenciesMs: attempts.filter(({ outcome }) => wasAsked(outcome)).map(({ latencyMs }) => latencyMs),
    busyMs: tools.clock.now() - startedMs,
  });
}

/** Whether the endpoint had the chance to answer. */
const wasAsked = (outcome: Attempted['outcome']): boolean =>
  outcome.kind === 'answer' || !isOfTheBus(outcome);
