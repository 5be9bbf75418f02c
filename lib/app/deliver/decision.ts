import type { Delivery, DeliveryRecord } from '../../core/deliver/delivery.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import type { Random } from '../../runtime/random.ts';
import type { Gone } from '../registry/disable.ts';
import type { Traced } from '../why/trace.ts';
/** A message whose delivery is due. */
export interface Due {
  readonly message: ReceivedMessage;
  readonly delivery: Delivery;
  readonly attempt: number;
  readonly earlier: DeliveryRecord | undefined;
  /** How many deliveries of its key are before it in the batch; 0 where there is no order. */
  readonly place: number;
}

/** Keeps a message for later, hidden for some seconds and a tenth of jitter; it spends no attempt. */
export function held(
  tools: { readonly random: Random },
  message: ReceivedMessage,
  seconds: number,
): Decision {
  const hideSeconds = seconds * (1 + bus.retryJitterPart * tools.random.next());
  return { message, done: false, hideSeconds };
}

/** What was decided about one message; it leaves the queue only when `done`. */
export interface Decision {
  readonly message: ReceivedMessage;
  readonly done: boolean;
  /** For how long it stays hidden when it is not done; undefined: until its visibility runs out. */
  readonly hideSeconds?: number;
  readonly record?: DeliveryRecord;
  readonly deadLetter?: DeliveryRecord;
  readonly traced?: Traced;
  /** Set when the endpoint said that it is gone for good. */
  readonly gone?: Gone;
}

/** What is behind an event of its key that is not delivered yet: it comes again with that one. */
export const behind = (message: Due['message']): Decision => ({ message, done: false, hideSeconds: 0 });

/** The messages of a receiver that is disabled or paused are looked at again after this time, should the mapping still run. */
const parkSeconds = 60;

export const parked = (message: ReceivedMessage): Decision => ({
  message,
  done: false,
  hideSeconds: parkSeconds,
});
