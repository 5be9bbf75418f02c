import { restAskedFor } from '../../core/breaker.ts';
import { type Delivery, judge, type Outcome, recordAttempt, type Verdict } from '../../core/delivery.ts';
import type { LanePlan } from '../../core/lane-plan.ts';
import { bus } from '../../core/limits.ts';
import type { Receiver } from '../../core/registry.ts';
import { writeRequest } from '../../core/request.ts';
import { policyFor } from '../../core/retry.ts';
import { traceOf } from '../../core/trace.ts';
import { allowedPerSecond } from '../../core/validation.ts';
import type { Log } from '../../runtime/log.ts';
import type { ReceivedMessage } from '../../runtime/queue-messages.ts';
import type { Random } from '../../runtime/random.ts';
import type { SecretStore } from '../../runtime/stores/secrets.ts';
import { type SigningKeys, signingKeys } from '../registry/secrets.ts';
import { traceAttempt } from '../why/trace.ts';
import { inOrder } from './order.ts';
import { createPacer, type PaceTools } from './pace.ts';
import { runLimited } from './run-limited.ts';
import { type SendTools, send, sendSecondsMax } from './send.ts';
import type { Decision } from './settle.ts';
import { releaseSlot, type SlotTools, takeRetrySlot } from './slots.ts';
import { type Due, held } from './sort-out.ts';

export interface AttemptTools extends SlotTools, PaceTools, SendTools {
  /** What the bus calls itself to endpoints that agreed: a DNS name. */
  readonly origin: string;
  readonly secrets: SecretStore;
}

/** The messages of a receiver that is disabled or paused are looked at again after this time, should the mapping still run. */
const parkSeconds = 60;

export const parked = (message: ReceivedMessage): Decision => ({
  message,
  done: false,
  hideSeconds: parkSeconds,
});

/**
 * When the last attempt may begin. A receiver of low concurrency and a slow endpoint would else outlast the
 * function, which is cut off then: nothing would be counted, and what was delivered would come again.
 */
export function lastStart(receiver: Receiver, startedMs: number): number {
  const seconds = bus.deliverTimeoutSeconds - bus.deliverSettleSeconds - sendSecondsMax(receiver);
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
  const keys = await signingKeys(tools, receiver).catch((error) => {
    // Signed by the current secret alone it might be refused, and would spend an attempt for a fault of ours.
    tools.log('error', 'The secrets of a receiver could not be read', {
      receiver: name,
      reason: String(error),
    });
    return undefined;
  });
  if (keys === undefined) {
    return due.map(({ message }) => ({ message, done: false, hideSeconds: bus.ownFaultSeconds }));
  }
  const slot = due.some(isRetry) ? await takeRetrySlot(tools, name, plan) : undefined;
  const pacer = createPacer(tools, name, allowedPerSecond(receiver), due.length, lastStartMs);
  let restUntilMs = 0;
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
      return await attemptOne(tools, receiver, keys, lane, each, watch);
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
  const decisions = await runLimited(due, bounds, (each) => inTurn(each, () => attempt(each)));
  await releaseSlot(tools, name, slot);
  return decisions;
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

async function attemptOne(
  tools: AttemptTools,
  receiver: Receiver,
  keys: SigningKeys,
  lane: string,
  { message, delivery, attempt, earlier }: Due,
  onOutcome: (attempted: Attempted) => void,
): Promise<Decision> {
  const startedMs = tools.clock.now();
  const outcome = await post(tools, receiver, keys, delivery, attempt);
  const nowMs = tools.clock.now();
  const policy = policyFor(receiver.retry, delivery.eventType);
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

async function post(
  tools: AttemptTools,
  receiver: Receiver,
  keys: SigningKeys,
  delivery: Delivery,
  attempt: number,
): Promise<Outcome> {
  const nowMs = tools.clock.now();
  const request = writeRequest({
    delivery,
    attempt,
    nowMs,
    format: receiver.format ?? 'structured',
    keys: keys.at(nowMs),
    headers: receiver.headers,
    origin: receiver.validate === 'handshake' ? tools.origin : undefined,
    traceparent: childTrace(delivery.traceparent, tools.random),
  });
  return await send(tools, receiver, { method: 'POST', headers: request.headers, body: request.body });
}

/**
 * The event's trace with a span of this attempt (W3C Trace Context). Without one when the event brings another
 * text than a trace: a receiver would ignore it, and it may hold what no header can.
 */
function childTrace(traceparent: string | undefined, random: Random): string | undefined {
  const trace = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(traceparent ?? '');
  if (trace === null) return undefined;
  return `00-${trace[1]}-${Buffer.from(random.bytes(8)).toString('hex')}-${trace[2]}`;
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
