import { AwsError, type EpochMs, type Host } from '../engine.ts';
import { createAgenda } from './agenda.ts';
import type { Notification, QueueMessage } from './notification.ts';
import { retryDelayMs } from './retry-policy.ts';
import type { State, Subscription } from './state.ts';

/** Sends copies of messages to queues, and retries when a queue cannot take them. */
export interface Deliverer {
  /**
   * Sends a copy at once, in the turn of the publish, so one commit of the store contains the answer to the publisher
   * and the copies. What the queue cannot take now is stored in the same commit.
   */
  deliver(subscription: Subscription, notification: Notification): void;
  /** Continues what an earlier process left unfinished. */
  resume(): void;
  close(): Promise<void>;
}

/** A copy that has not reached its queue, as stored. */
interface Pending {
  readonly id: string;
  readonly subscriptionArn: string;
  readonly message: QueueMessage;
  target: 'queue' | 'dead-letter-queue';
  /** How often it failed. */
  failures: number;
  nextAttemptMs: EpochMs;
}

const table = 'sns.deliveries';

/** The ARN of a subscription is that of its topic plus an id. */
const isOfFifo = ({ subscriptionArn }: Pending): boolean =>
  subscriptionArn.slice(0, subscriptionArn.lastIndexOf(':')).endsWith('.fifo');

/**
 * Whether an error is a fault on the queue's side, or a throttle. All others are faults on this side (the queue does
 * not exist, or its policy does not allow the topic) and are not retried.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
 */
function isRetryable(error: AwsError): boolean {
  return error.status >= 500 || error.status === 429 || /thrott|toomanyrequests/i.test(error.code);
}

export function createDeliverer(host: Host, state: State): Deliverer {
  const agenda = createAgenda<Pending>();
  /**
   * Copies for one message group of one FIFO subscription wait behind the first that failed, which keeps their order.
   * A lane begins with the copy that is being tried.
   */
  const lanes = new Map<string, Pending[]>();
  const inFlight = new Set<Promise<void>>();
  /** The copies with a row in the store; most never need one. */
  const stored = new Set<string>();
  let timer: { readonly dueMs: EpochMs; readonly cancel: () => void } | undefined;
  let closed = false;

  const laneOf = ({ subscriptionArn, message }: Pending): string | undefined =>
    message.MessageDeduplicationId === undefined
      ? undefined
      : `${subscriptionArn} ${message.MessageGroupId ?? ''}`;

  for (const [, row] of host.store.load(table)) {
    const pending = row as Pending;
    stored.add(pending.id);
    if (takesLane(pending)) agenda.add(pending.nextAttemptMs, pending);
  }

  /** Adds a copy to its lane. Returns whether it is first there, and so may go. A copy without order has no lane. */
  function takesLane(pending: Pending): boolean {
    const lane = laneOf(pending);
    if (lane === undefined) return true;
    const waiting = lanes.get(lane);
    if (waiting === undefined) lanes.set(lane, [pending]);
    else waiting.push(pending);
    return waiting === undefined;
  }

  function keep(pending: Pending): void {
    stored.add(pending.id);
    host.store.put(table, pending.id, pending);
  }

  function schedule(pending: Pending, delayMs: number): void {
    pending.nextAttemptMs = host.clock.now() + delayMs;
    keep(pending);
    agenda.add(pending.nextAttemptMs, pending);
    arm();
  }

  function attempt(pending: Pending, subscription: Subscription): void {
    const queueUrl = pending.target === 'queue' ? subscription.queueUrl : subscription.deadLetterQueueUrl;
    try {
      if (queueUrl === undefined) throw new AwsError('NoDeadLetterQueue', 'The redrive policy was removed.');
      const sent = host.call(
        'sqs',
        'SendMessage',
        { QueueUrl: queueUrl, ...pending.message },
        { kind: 'service', service: 'sns.amazonaws.com', sourceArn: subscription.row.topicArn },
      );
      if (sent instanceof Promise) {
        // The result arrives in a later turn than this commit, so the copy is stored until then.
        keep(pending);
        track(
          sent.then(
            () => delivered(pending),
            (error: unknown) => failed(pending, subscription, error),
          ),
        );
      } else {
        delivered(pending);
      }
    } catch (error) {
      failed(pending, subscription, error);
    }
  }

  function track(outcome: Promise<void>): void {
    inFlight.add(outcome);
    void outcome.finally(() => inFlight.delete(outcome));
  }

  function delivered(pending: Pending): void {
    if (pending.target === 'queue' && isOfFifo(pending)) {
      host.meter.count('sns.fifo-deliveries-sqs', 1);
      host.meter.count('sns.fifo-delivered-bytes', Buffer.byteLength(pending.message.MessageBody, 'utf8'));
    } else {
      host.meter.count(pending.target === 'queue' ? 'sns.deliveries-sqs' : 'sns.deliveries-redriven', 1);
    }
    settle(pending);
  }

  /** Only an AWS error is a failed delivery. Any other error is a fault of an engine, which must not be hidden. */
  function failed(pending: Pending, subscription: Subscription, error: unknown): void {
    if (!(error instanceof AwsError)) throw error;
    const delayMs = isRetryable(error) ? retryDelayMs(pending.failures + 1) : undefined;
    if (delayMs === undefined) {
      giveUp(pending, subscription);
      return;
    }
    pending.failures += 1;
    schedule(pending, delayMs);
  }

  function giveUp(pending: Pending, subscription: Subscription): void {
    if (pending.target === 'queue') {
      host.meter.count('sns.deliveries-failed', 1);
      if (subscription.deadLetterQueueUrl !== undefined) {
        pending.target = 'dead-letter-queue';
        pending.failures = 0;
        attempt(pending, subscription);
        return;
      }
    }
    host.meter.count('sns.deliveries-lost', 1);
    settle(pending);
  }

  /** A copy is finished; the next one of its lane may go. */
  function settle(pending: Pending): void {
    if (stored.delete(pending.id)) host.store.delete(table, pending.id);
    const lane = laneOf(pending);
    const waiting = lane === undefined ? undefined : lanes.get(lane);
    if (lane === undefined || waiting === undefined) return;
    waiting.shift();
    const next = waiting[0];
    if (next === undefined) lanes.delete(lane);
    else schedule(next, 0);
  }

  /** Tries a copy that waited. Its subscription may have been deleted in the meantime, and the copy with it. */
  function attemptStored(pending: Pending): void {
    const subscription = state.subscription(pending.subscriptionArn);
    if (subscription !== undefined) {
      attempt(pending, subscription);
    } else {
      host.meter.count('sns.deliveries-lost', 1);
      settle(pending);
    }
  }

  function arm(): void {
    const nextMs = agenda.nextMs();
    if (closed || nextMs === undefined || (timer !== undefined && timer.dueMs <= nextMs)) return;
    timer?.cancel();
    timer = { dueMs: nextMs, cancel: host.clock.setTimer(nextMs - host.clock.now(), attemptDue) };
  }

  function attemptDue(): void {
    timer = undefined;
    const nowMs = host.clock.now();
    for (let next = agenda.takeDue(nowMs); next !== undefined; next = agenda.takeDue(nowMs)) {
      attemptStored(next);
    }
    arm();
  }

  return {
    deliver(subscription, notification) {
      const fits = notification.fits(subscription);
      const pending: Pending = {
        id: `${notification.messageId} ${subscription.row.arn}`,
        subscriptionArn: subscription.row.arn,
        message: fits ? notification.for(subscription) : notification.envelopeFor(subscription),
        target: 'queue',
        failures: 0,
        nextAttemptMs: host.clock.now(),
      };
      if (!takesLane(pending)) {
        keep(pending);
        return;
      }
      if (fits) attempt(pending, subscription);
      else giveUp(pending, subscription);
    },
    resume: arm,
    async close() {
      closed = true;
      timer?.cancel();
      timer = undefined;
      await Promise.all(inFlight);
    },
  };
}
