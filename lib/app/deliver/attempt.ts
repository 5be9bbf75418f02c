import { type KindSender, type Sent, type Sink, senderFor, sinkOf } from '../../connectors/kind.ts';
import { restAskedFor } from '../../core/breaker/breaker.ts';
import {
  type Delivery,
  type DeliveryRecord,
  judge,
  recordAttempt,
  recordStop,
  type Verdict,
} from '../../core/deliver/delivery.ts';
import type { LanePlan } from '../../core/deliver/lane-plan.ts';
import type { Outcome } from '../../core/deliver/outcome.ts';
import { policyFor } from '../../core/deliver/retry.ts';
import { loopsStopped } from '../../core/event/hops.ts';
import { traceOf } from '../../core/event/trace-mode.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { allowedPerSecond } from '../../core/registry/validation.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import type { Log } from '../../runtime/log.ts';
import { traceAttempt, traceStop } from '../why/trace.ts';
import type { Decision } from './decision.ts';
import { type Due, held, parked } from './decision.ts';
import { inOrder } from './order.ts';
import { createPacer, type PaceTools } from './pace.ts';
import { runLimited } from './run-limited.ts';
import { releaseSlot, type SlotTools, takeRetrySlot } from './slots.ts';

export interface AttemptTools extends SlotTools, PaceTools {
  readonly sinks: readonly Sink[];
  /** Of the kinds that this function serves, and of no other. */
  readonly senders: readonly KindSender[];
}

/**
 * When the last attempt may begin. A receiver of low concurrency and a slow endpoint would else outlast the
 * function, which is cut off then: nothing would be counted, and what was delivered would come again.
 */
export function lastStart(tools: Pick<AttemptTools, 'sinks'>, receiver: Receiver, startedMs: number): number {
  const most = sinkOf(tools.sinks, receiver).sendSecondsMax(receiver);
  const seconds = bus.deliverTimeoutSeconds - bus.deliverSettleSeconds - most;
  return startedMs + seconds * 1000;
}

/** What an attempt took, for whoever counts. */
export interface Attempted {
  readonly eventType: string;
  readonly outcome: Outcome;
  readonly latencyMs: number;
}

/**
 * Attempts all that are given, first attempts before retries, within the plan of the lane and at the receiver's pace.
 * Retries need a slot, so that slow ones leave room for the first attempts of other batches.
 */
export async function attemptAll(
  tools: AttemptTools,
  receiver: Receiver,
  lane: string,
  plan: LanePlan,
  due: readonly Due[],
  lastStartMs: number,
  onOutcome: (attempted: Attempted) => void,
): Promise<Decision[]> {
  const { receiver: name } = receiver;
  const sender = await senderFor(tools, receiver)
    ?.open(receiver)
    .catch((error) => {
      // Signed by the current secret alone it might be refused, and would spend an attempt for a fault of ours.
      tools.log('error', 'Nothing can be sent to a receiver: its secrets could not be read', {
        receiver: name,
        reason: String(error),
      });
      return undefined;
    });
  if (sender === undefined) {
    return due.map(({ message }) => ({ message, done: false, hideSeconds: bus.ownFaultSeconds }));
  }
  const slot = due.some(isRetry) ? await takeRetrySlot(tools, name, plan) : undefined;
  const pacer = createPacer(tools, name, allowedPerSecond(receiver), due.length, lastStartMs);
  let restUntilMs = 0;
  let stops = 0;
  const watch = (attempted: Attempted) => {
    restUntilMs = Math.max(restUntilMs, restAskedFor(attempted.outcome, tools.clock.now()) ?? 0);
    onOutcome(attempted);
  };
  const attempt = async (each: Due): Promise<Decision> => {
    const { message } = each;
    if (tools.clock.now() > lastStartMs) return { message, done: false, hideSeconds: 0 };
    if (isRetry(each) && slot === undefined) {
      const seconds = bus.retrySlotWaitSeconds * (1 + tools.random.next());
      return { message, done: false, hideSeconds: seconds };
    }
    try {
      const pace = await pacer.next();
      if (pace.kind === 'later') return held(tools, message, pace.waitSeconds);
      // The endpoint has asked for a rest since the batch began.
      const restMs = restUntilMs - tools.clock.now();
      if (restMs > 0) return held(tools, message, restMs / 1000);
      const startedMs = tools.clock.now();
      const sent = await sender.send(each);
      if (sent.kind === 'stopped') {
        stops += 1;
        return stopped(tools, each, sent);
      }
      return decide(tools, receiver, lane, each, { startedMs, outcome: sent }, watch);
    } catch (error) {
      return brokenOff(tools, receiver, message, error);
    }
  };
  const bounds = {
    limit: plan.postsPerBatch,
    perKey: plan.postsPerType,
    keyOf: ({ delivery }: Due) => delivery.eventType,
  };
  const inTurn = inOrder(due);
  try {
    return await runLimited(due, bounds, (each) => inTurn(each, () => attempt(each)));
  } finally {
    await sender.close();
    await releaseSlot(tools, name, slot);
    if (stops > 0) tools.log('info', loopsStopped, { receiver: name, count: stops });
  }
}

const isRetry = ({ earlier }: Due) => earlier !== undefined;

/** A fault of ours spends no attempt, and must not take the rest of the batch along. */
function brokenOff(
  tools: AttemptTools,
  receiver: Receiver,
  message: ReceivedMessage,
  error: unknown,
): Decision {
  tools.log('error', 'An attempt broke off', { receiver: receiver.receiver, reason: String(error) });
  return { message, done: false };
}

/** An event that is not sent is settled, and why shows where it has been. */
function stopped(
  tools: AttemptTools,
  { message, delivery, earlier }: Due,
  stop: Extract<Sent, { kind: 'stopped' }>,
): Decision {
  const nowMs = tools.clock.now();
  const mode = traceOf(message.attributes);
  if (mode === 'none') return { message, done: true };
  const record: DeliveryRecord = recordStop(delivery, earlier, stop, nowMs);
  return { message, done: true, record, traced: traceStop(delivery, earlier, nowMs) };
}

function decide(
  tools: AttemptTools,
  receiver: Receiver,
  lane: string,
  { message, delivery, attempt, earlier }: Due,
  { startedMs, outcome }: { readonly startedMs: number; readonly outcome: Outcome },
  onOutcome: (attempted: Attempted) => void,
): Decision {
  const nowMs = tools.clock.now();
  const retry = sinkOf(tools.sinks, receiver).retryPolicy(receiver);
  const policy = policyFor(retry, delivery.eventType);
  const verdict = judge(outcome, attempt, policy, nowMs, tools.random.next());
  const latencyMs = nowMs - startedMs;
  logAttempt(tools.log, delivery, attempt, outcome, verdict, latencyMs);
  onOutcome({ eventType: delivery.eventType, outcome, latencyMs });
  const traced = traceAttempt(delivery, {
    mode: traceOf(message.attributes),
    lane,
    attempt,
    outcome,
    verdict,
    earlier,
    startedAtMs: startedMs,
    latencyMs,
  });

  if (verdict.kind === 'delivered' && earlier === undefined) return { message, done: true, traced };
  const record = {
    ...recordAttempt(delivery, earlier, attempt, outcome, verdict, nowMs),
    ...(traced.history !== undefined && { history: traced.history }),
  };
  switch (verdict.kind) {
    case 'delivered':
      return { message, done: true, record, traced };
    case 'dead-letter':
      return { message, done: true, record, deadLetter: record, traced };
    case 'retry':
      return { message, done: false, record, traced, hideSeconds: verdict.delaySeconds };
    case 'disable':
      return {
        ...parked(message),
        record,
        traced,
        gone: { endpoint: receiver.endpoint, cause: verdict.cause },
      };
  }
}

/** One wide line an attempt; a success is not worth its price in the log by default. */
function logAttempt(
  log: Log,
  delivery: Delivery,
  attempt: number,
  outcome: Outcome,
  verdict: Verdict,
  latencyMs: number,
): void {
  log(verdict.kind === 'delivered' ? 'debug' : 'warn', `Attempt ${verdict.kind}`, {
    receiver: delivery.receiver,
    topic: delivery.topic,
    deliveryId: delivery.deliveryId,
    eventId: delivery.eventId,
    eventType: delivery.eventType,
    attempt,
    latencyMs: Math.round(latencyMs),
    ...(outcome.kind === 'answer' ? { status: outcome.status } : { failure: outcome.failure }),
    ...(verdict.kind === 'retry' && { retryInSeconds: Math.round(verdict.delaySeconds) }),
  });
}
