import { type Sender, type Sent, senderFor } from '../../connectors/kind.ts';
import { restAskedFor } from '../../core/breaker/breaker.ts';
import {
  type Delivery,
  type DeliveryRecord,
  judge,
  policyFor,
  recordAttempt,
  recordStop,
  type Verdict,
} from '../../core/deliver/delivery.ts';
import { deliverSettleSeconds, retrySlotWaitSeconds } from '../../core/deliver/limits.ts';
import { enteredAtMs } from '../../core/deliver/offload.ts';
import type { Outcome } from '../../core/deliver/outcome.ts';
import { loopsStopped } from '../../core/event/hops.ts';
import { traceOf } from '../../core/event/trace-mode.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { allowedPerSecond } from '../../core/registry/validation.ts';
import { beginAttempt, endAttempt } from '../telemetry/spans.ts';
import { traceAttempt, traceStop } from '../why/trace.ts';
import { type BatchContext, type Decision, type DeliverTools, type Due, park, postpone } from './batch.ts';
import { brokenOff, failingSender, faulted } from './fault.ts';
import { createPacer, inOrder, releaseSlot, runLimited, takeRetrySlot } from './limits.ts';

/**
 * When the last attempt may begin, epoch milliseconds. A receiver with low concurrency and a slow endpoint would otherwise
 * outlast the function, which is then cut off: nothing would be counted, and what was delivered would come again.
 */
export function lastStart(
  { sinks }: Pick<DeliverTools, 'sinks'>,
  receiver: Receiver,
  startedMs: number,
): number {
  const most = sinks.of(receiver).sendSecondsMax(receiver);
  const seconds = bus.deliverTimeoutSeconds - deliverSettleSeconds - most;
  return startedMs + seconds * 1000;
}

/**
 * Attempts deliveries, first attempts before retries, within the plan of the lane and at the receiver's pace. Retries need
 * a slot, so slow ones leave room for the first attempts of other batches. Adds each outcome to `context.attempts`.
 */
export async function attemptAll(
  tools: DeliverTools,
  context: BatchContext,
  due: readonly Due[],
): Promise<Decision[]> {
  const { receiver, plan, lastStartMs } = context;
  const { receiver: name } = receiver;
  const sender = await openSender(tools, receiver);
  const slot = due.some(isRetry) ? await takeRetrySlot(tools, name, plan) : undefined;
  const pacer = createPacer(tools, name, allowedPerSecond(receiver), due.length, lastStartMs);
  let restUntilMs = 0;
  let stops = 0;
  const attempt = async (each: Due): Promise<Decision> => {
    const { message } = each;
    if (tools.clock.now() > lastStartMs) return { message, done: false, hideSeconds: 0 };
    if (isRetry(each) && slot === undefined) {
      const hideSeconds = retrySlotWaitSeconds * (1 + tools.random.next());
      return { message, done: false, hideSeconds };
    }
    try {
      const pace = await pacer.next();
      if (pace.kind === 'later') return postpone(tools, message, pace.waitSeconds);
      // The endpoint has asked for a rest since the batch began.
      const restMs = restUntilMs - tools.clock.now();
      if (restMs > 0) return postpone(tools, message, restMs / 1000);
      const startedMs = tools.clock.now();
      const spans = tools.spans && beginAttempt(tools.spans, each.delivery);
      const sent = await sender
        .send(spans === undefined ? each : { ...each, spanId: spans.postId })
        .catch((error) => brokenOff(tools, receiver, error));
      if (sent.kind === 'stopped') {
        stops += 1;
        return stopped(tools, each, sent);
      }
      if (tools.spans !== undefined && spans !== undefined) {
        const times = { batchStartMs: context.startedMs, startMs: startedMs, endMs: tools.clock.now() };
        endAttempt(tools.spans, spans, { ...each, ...times, outcome: sent });
      }
      const decision = decide(tools, context, each, startedMs, sent);
      restUntilMs = Math.max(restUntilMs, restAskedFor(sent, tools.clock.now()) ?? 0);
      return decision;
    } catch (error) {
      // It must not fail the rest of the batch.
      return faulted(tools, name, message, error, each.delivery.deliveryId);
    }
  };
  const bounds = {
    limit: plan.postsPerBatch,
    perKey: plan.postsPerType,
    keyOf: ({ delivery }: Due) => delivery.eventType,
  };
  const afterPrevious = inOrder(due);
  try {
    return await runLimited(due, bounds, (each) => afterPrevious(each, () => attempt(each)));
  } finally {
    await closeSender(tools, name, sender);
    if (slot !== undefined) await releaseSlot(tools, name, slot);
    if (stops > 0) tools.log('info', loopsStopped, { receiver: name, count: stops });
  }
}

async function openSender(tools: DeliverTools, receiver: Receiver): Promise<Sender> {
  try {
    const sender = senderFor(tools, receiver);
    if (sender === undefined) throw new Error('Another function delivers to receivers of this kind');
    return await sender.open(receiver);
  } catch (error) {
    return failingSender(tools, receiver, error);
  }
}

/** What the batch sent is sent, whatever goes wrong now. */
async function closeSender(tools: DeliverTools, receiver: string, sender: Sender): Promise<void> {
  try {
    await sender.close();
  } catch (error) {
    tools.log('warn', 'A sender could not be closed', { receiver, reason: String(error) });
  }
}

const isRetry = ({ earlier }: Due) => earlier !== undefined;

/** An event that is deliberately not sent is done; its record shows why. */
function stopped(
  tools: DeliverTools,
  { message, delivery, earlier }: Due,
  stop: Extract<Sent, { kind: 'stopped' }>,
): Decision {
  if (traceOf(message.attributes) === 'none') return { message, done: true };
  const nowMs = tools.clock.now();
  const record: DeliveryRecord = recordStop(delivery, earlier, stop, nowMs);
  return { message, done: true, record, traced: traceStop(delivery, earlier, nowMs) };
}

/** Judges an outcome: what is done with the message, recorded and traced. */
function decide(
  tools: DeliverTools,
  { receiver, batch, attempts }: BatchContext,
  { message, delivery, attempt, earlier }: Due,
  startedMs: number,
  outcome: Outcome,
): Decision {
  const nowMs = tools.clock.now();
  const retry = tools.sinks.of(receiver).retryPolicy(receiver);
  const policy = policyFor(retry, delivery.eventType);
  const verdict = judge(outcome, attempt, policy, nowMs, tools.random.next());
  const latencyMs = nowMs - startedMs;
  const waitedSeconds = Math.max(0, Math.round((nowMs - enteredAtMs(message)) / 1000));
  const { declared } = receiver;
  logAttempt(tools, delivery, attempt, outcome, verdict, latencyMs, { waitedSeconds, declared });
  const isDelivered = verdict.kind === 'delivered';
  const { eventType, topic } = delivery;
  const isFirst = earlier === undefined;
  attempts.push({ eventType, topic, outcome, isDelivered, isFirst, waitedSeconds, latencyMs });
  const traced = traceAttempt(delivery, {
    mode: traceOf(message.attributes),
    lane: batch.role,
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
        ...park(message),
        record,
        traced,
        gone: { endpoint: receiver.endpoint, cause: verdict.cause },
      };
  }
}

/** One wide line for each attempt. Successes are logged at `debug`: by default they are not worth their price. */
function logAttempt(
  { log }: Pick<DeliverTools, 'log'>,
  delivery: Delivery,
  attempt: number,
  outcome: Outcome,
  verdict: Verdict,
  latencyMs: number,
  { waitedSeconds, declared }: { readonly waitedSeconds: number; readonly declared: boolean },
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
    ...(verdict.kind === 'retry' && {
      retryInSeconds: Math.round(verdict.delaySeconds),
      // The backlog alarm reads both: SQS leaves a message that was received three times out of the age of its queue.
      waitedSeconds,
      declared,
    }),
  });
}
