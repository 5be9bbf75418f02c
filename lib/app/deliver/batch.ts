import type { KindSender, Sinks } from '../../connectors/kind.ts';
import type { Admission, Breaker } from '../../core/breaker/breaker.ts';
import type { Delivery, DeliveryRecord } from '../../core/deliver/delivery.ts';
import type { LanePlan } from '../../core/deliver/lane-plan.ts';
import { retryJitterPart } from '../../core/deliver/limits.ts';
import type { Observed, Offload } from '../../core/deliver/offload.ts';
import type { Outcome } from '../../core/deliver/outcome.ts';
import type { Lane } from '../../core/kernel/place.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import type { Queues } from '../../runtime/aws/queues.ts';
import type { Watches } from '../../runtime/aws/watches.ts';
import type { Random } from '../../runtime/random.ts';
import type { DeliveryStore } from '../../runtime/stores/deliveries.ts';
import type { PaceStore } from '../../runtime/stores/pace.ts';
import type { SkipStore } from '../../runtime/stores/skips.ts';
import type { Slots } from '../../runtime/stores/slots.ts';
import type { SystemEventStore } from '../../runtime/stores/system-events.ts';
import type { Tools } from '../../runtime/tools.ts';
import type { BreakerTools } from '../breaker/breaker.ts';
import type { KeepRefusedTools } from '../refused/keep-refused.ts';
import type { Gone } from '../registry/disable.ts';
import type { CountTools } from '../statistics/count.ts';
import type { WatchBacklogTools } from '../system-event/backlog.ts';
import type { Traced, TraceTools } from '../why/trace.ts';

/** What deliveries are made with; a stage declares which part of it it uses. */
export interface DeliverTools
  extends BreakerTools,
    TraceTools,
    KeepRefusedTools,
    WatchBacklogTools,
    CountTools,
    Tools<'registry' | 'grants' | 'applications' | 'spans'> {
  readonly sinks: Sinks;
  /** Only of the kinds that this function serves. */
  readonly senders: readonly KindSender[];
  readonly queues: Queues;
  readonly deliveries: DeliveryStore;
  readonly skips: SkipStore;
  readonly systemEvents: SystemEventStore;
  readonly slots: Slots;
  readonly pace: PaceStore;
  readonly offloadWatches: Watches;
  /** What this instance has seen of each receiver's online lane. */
  readonly observed: Map<string, Observed>;
  /** Since when this instance has received messages of a receiver that is not polled, epoch milliseconds by receiver. */
  readonly stillPolled: Map<string, number>;
}

/** The messages that one invocation gets from a lane. */
export interface Batch {
  readonly receiver: string;
  readonly role: Lane;
  readonly messages: readonly ReceivedMessage[];
}

/** One batch on its way through the stages of `deliver`. When it is settled, every message has a decision. */
export interface BatchContext {
  readonly batch: Batch;
  readonly receiver: Receiver;
  /** Epoch milliseconds. */
  readonly startedMs: number;
  /** When the last attempt may begin, epoch milliseconds. */
  readonly lastStartMs: number;
  /** The messages that the next stage has to look at. */
  open: readonly ReceivedMessage[];
  readonly decisions: Decision[];
  /** The batch is parked: its receiver is paused or disabled. */
  isParked: boolean;
  /** What the breaker lets the batch do; undefined until it is asked. */
  admission: Admission | undefined;
  /** The hot types of the receiver. */
  offload: Offload | undefined;
  plan: LanePlan;
  /** The deliveries to attempt: the first of each key before the second of any, and first attempts before retries. */
  due: readonly Due[];
  /** The attempts that came to an outcome. */
  readonly attempts: Attempted[];
  /** How many deliveries were dropped: skipped, or of a subscription that was revoked. */
  dropped: number;
  /** How a probe by delivery changed the breaker. */
  probed: { readonly before: Breaker; readonly breaker: Breaker } | undefined;
}

/** A message whose delivery is due. */
export interface Due {
  readonly message: ReceivedMessage;
  readonly delivery: Delivery;
  /** Counted from 1. */
  readonly attempt: number;
  readonly earlier: DeliveryRecord | undefined;
  /** How many deliveries of its key precede it in the batch; 0 where there is no order. */
  readonly place: number;
}

/** What one attempt came to, as the breaker, the hot types and the statistics count it. */
export interface Attempted {
  readonly eventType: string;
  /** Undefined for one that was sent to the receiver alone. */
  readonly topic: string | undefined;
  readonly outcome: Outcome;
  readonly isDelivered: boolean;
  /** Whether its delivery has not failed before. */
  readonly isFirst: boolean;
  /** Since the event entered its lane. */
  readonly waitedSeconds: number;
  readonly latencyMs: number;
}

/** What is done with one message; it leaves the queue only when `done`. */
export interface Decision {
  readonly message: ReceivedMessage;
  readonly done: boolean;
  /** How long the message stays hidden when it is not done; undefined: until its visibility timeout ends. */
  readonly hideSeconds?: number;
  readonly record?: DeliveryRecord;
  readonly deadLetter?: DeliveryRecord;
  readonly traced?: Traced;
  /** Set when the endpoint said that it is gone for good. */
  readonly gone?: Gone;
}

/** Hides a message for some seconds, and up to a tenth longer. It spends no attempt. */
export function postpone(
  tools: { readonly random: Random },
  message: ReceivedMessage,
  seconds: number,
): Decision {
  const hideSeconds = seconds * (1 + retryJitterPart * tools.random.next());
  return { message, done: false, hideSeconds };
}

/** Leaves a message behind an undelivered event of its key; the queue hands both out again together. */
export const leaveBehind = (message: ReceivedMessage): Decision => ({ message, done: false, hideSeconds: 0 });

/** How often the messages of a paused or disabled receiver are looked at while its lanes are still polled. */
const parkSeconds = 60;

export const park = (message: ReceivedMessage): Decision => ({
  message,
  done: false,
  hideSeconds: parkSeconds,
});
