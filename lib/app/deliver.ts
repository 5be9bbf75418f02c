import {
  type Delivery,
  type DeliveryRecord,
  deliveryIdOf,
  judge,
  type Outcome,
  readiness,
  recordAttempt,
  type Verdict,
} from '../core/delivery.ts';
import { bus } from '../core/limits.ts';
import type { Receiver } from '../core/registry.ts';
import { writeRequest } from '../core/request.ts';
import { postsPerBatch } from '../core/resources.ts';
import { redriveAttribute, topicAttribute } from '../core/routing.ts';
import { secretKey } from '../core/signature.ts';
import { traceOf } from '../core/trace.ts';
import type { Http } from '../runtime/http.ts';
import type { Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import { type Batch, type Decision, type LaneMessage, type SettleTools, settle } from './settle.ts';
import { dropSkipped, type SkipTools } from './skip.ts';
import { type TraceTools, traceAttempt, traceBatch } from './trace.ts';

export interface DeliverTools extends SettleTools, SkipTools, TraceTools {
  readonly http: Http;
  readonly random: Random;
}

/** The messages of a receiver that is disabled or paused are looked at again after this time, should the mapping still run. */
const parkSeconds = 60;

/**
 * Delivers one batch of one receiver: posts it in parallel, and turns each outcome into acknowledgement, retry by
 * visibility or dead letter. Answers the ids of the messages that must stay in the queue.
 */
export async function deliver(tools: DeliverTools, batch: Batch): Promise<string[]> {
  let receiver = await tools.registry.cachedReceiver(batch.receiver);
  // What is remembered as standing still may be active again, and its messages would be parked for nothing.
  if (receiver !== undefined && receiver.state !== 'active')
    receiver = await tools.registry.receiver(batch.receiver);
  if (receiver === undefined) {
    // The registry is written before the mapping, so it was deleted and its queues will be.
    tools.log('warn', 'A message is for a receiver that does not exist', { receiver: batch.receiver });
    return batch.messages.map((message) => message.messageId);
  }
  if (receiver.state !== 'active') {
    return await settle(
      tools,
      batch,
      batch.messages.map((message) => parked(message)),
    );
  }
  const { skipped, messages } = await dropSkipped(tools, receiver, batch.messages);
  const parsed = messages.map((message) => ({ message, delivery: readDelivery(receiver, message) }));
  const lastStartMs = lastStart(receiver, tools.clock.now());
  const records = await findRecords(tools, parsed);
  const keys = [secretKey(receiver.secret)];
  const decisions = await mapLimited(
    parsed,
    postsPerBatch(receiver.limits?.concurrency),
    ({ message, delivery }): Decision | Promise<Decision> => {
      if (typeof delivery === 'string') return poison(receiver, message, delivery, tools.clock.now());
      if (tools.clock.now() > lastStartMs) return { message, done: false, hideSeconds: 0 };
      return attemptOne(
        tools,
        receiver,
        keys,
        batch.role,
        message,
        delivery,
        records.get(delivery.deliveryId),
      ).catch((error) => {
        // A fault of ours spends no attempt, and must not take the rest of the batch along.
        tools.log('error', 'An attempt broke off', { receiver: receiver.receiver, reason: String(error) });
        return { message, done: false };
      });
    },
  );
  const traced = decisions.flatMap((decision) => (decision.traced === undefined ? [] : [decision.traced]));
  const [kept] = await Promise.all([
    settle(tools, batch, [...skipped, ...decisions]),
    traceBatch(tools, batch.receiver, batch.role, traced),
  ]);
  return kept;
}

/**
 * When the last attempt may begin. A receiver of low concurrency and a slow endpoint would else outlast the
 * function, which is cut off then: nothing would be counted, and what was delivered would come again.
 */
function lastStart(receiver: Receiver, startedMs: number): number {
  const seconds = bus.deliverTimeoutSeconds - bus.deliverSettleSeconds - endpointTimeoutSeconds(receiver);
  return startedMs + seconds * 1000;
}

const endpointTimeoutSeconds = (receiver: Receiver) =>
  receiver.timeoutSeconds ?? bus.endpointTimeoutSecondsDefault;

const parked = (message: LaneMessage): Decision => ({ message, done: false, hideSeconds: parkSeconds });

/** The delivery that a message stands for, or why it stands for none. */
function readDelivery(receiver: Receiver, message: LaneMessage): Delivery | string {
  let event: Record<string, unknown>;
  try {
    event = JSON.parse(message.body);
  } catch (error) {
    return `The message is no JSON: ${(error as Error).message}`;
  }
  const { id, source, type, traceparent } = event ?? {};
  if (typeof id !== 'string' || typeof source !== 'string' || typeof type !== 'string') {
    return 'The message is no CloudEvent: id, source or type is missing';
  }
  const topic = message.attributes[topicAttribute];
  return {
    deliveryId: deliveryIdOf({ source, id }, topic, receiver.receiver),
    receiver: receiver.receiver,
    topic,
    eventId: id,
    eventSource: source,
    eventType: type,
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    body: message.body,
  };
}

/** A first receive has no record, so that a delivery that succeeds at once costs no read and no write. */
async function findRecords(
  tools: DeliverTools,
  parsed: readonly { message: LaneMessage; delivery: Delivery | string }[],
): Promise<ReadonlyMap<string, DeliveryRecord>> {
  const ids = parsed.flatMap(({ message, delivery }) =>
    (message.receives > 1 || redriveAttribute in message.attributes) && typeof delivery !== 'string'
      ? [delivery.deliveryId]
      : [],
  );
  return ids.length === 0 ? new Map() : await tools.deliveries.find(ids);
}

function poison(receiver: Receiver, message: LaneMessage, problem: string, nowMs: number): Decision {
  return {
    message,
    done: true,
    deadLetter: {
      deliveryId: message.messageId,
      receiver: receiver.receiver,
      state: 'dead',
      attempts: 0,
      firstAttemptAtMs: nowMs,
      lastAttemptAtMs: nowMs,
      nextAttemptAtMs: undefined,
      cause: 'malformed',
      detail: problem,
    },
  };
}

async function attemptOne(
  tools: DeliverTools,
  receiver: Receiver,
  keys: readonly Uint8Array[],
  lane: string,
  message: LaneMessage,
  delivery: Delivery,
  earlier: DeliveryRecord | undefined,
): Promise<Decision> {
  const ready = readiness(earlier, tools.clock.now());
  if (ready.kind === 'done') return { message, done: true };
  if (ready.kind === 'early') return { message, done: false, hideSeconds: ready.delaySeconds };

  const startedMs = tools.clock.now();
  const outcome = await post(tools, receiver, keys, delivery, ready.attempt);
  const nowMs = tools.clock.now();
  const verdict = judge(outcome, ready.attempt, receiver.retry, nowMs, tools.random.next());
  const latencyMs = nowMs - startedMs;
  logAttempt(tools.log, delivery, ready.attempt, outcome, verdict, latencyMs);
  const traced = traceAttempt(delivery, {
    mode: traceOf(message.attributes),
    lane,
    attempt: ready.attempt,
    outcome,
    verdict,
    earlier,
    startedAtMs: startedMs,
    latencyMs,
  });

  if (verdict.kind === 'delivered' && earlier === undefined) return { message, done: true, traced };
  const record = {
    ...recordAttempt(delivery, earlier, ready.attempt, outcome, verdict, nowMs),
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
  tools: DeliverTools,
  receiver: Receiver,
  keys: readonly Uint8Array[],
  delivery: Delivery,
  attempt: number,
): Promise<Outcome> {
  const request = writeRequest({
    delivery,
    attempt,
    nowMs: tools.clock.now(),
    format: receiver.format ?? 'structured',
    keys,
    headers: receiver.headers,
    traceparent: childTrace(delivery.traceparent, tools.random),
  });
  const outcome = await tools.http.send({
    method: 'POST',
    url: receiver.endpoint,
    headers: request.headers,
    body: request.body,
    timeoutMs: endpointTimeoutSeconds(receiver) * 1000,
  });
  if (outcome.kind === 'failure') return outcome;
  const { status, headers, body } = outcome;
  return { kind: 'answer', status, retryAfter: headers['retry-after'], response: body };
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

/** Runs at most `limit` at once; the answers keep the order of the items. */
async function mapLimited<Item, Answer>(
  items: readonly Item[],
  limit: number,
  run: (item: Item) => Promise<Answer> | Answer,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) {
      answers[index] = await run(items[index] as Item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return answers;
}
