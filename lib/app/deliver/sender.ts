import type { Outcome } from '../../core/deliver/outcome.ts';
import type { StopCause } from '../../core/event/hops.ts';
import type { Random } from '../../runtime/random.ts';
import type { Due } from './decision.ts';

/** What sends the deliveries of one batch to their receiver; opened for the batch, and closed with it. */
export interface Sender {
  /** Sends a delivery once. What the other side does is an outcome; it rejects for a fault of ours only. */
  send(due: Due): Promise<Sent>;
  close(): Promise<void>;
}

/** What came of it; `stopped` when it was not sent on purpose. */
export type Sent = Outcome | { readonly kind: 'stopped'; readonly cause: StopCause; readonly detail: string };

/**
 * The event's trace with a span of this attempt (W3C Trace Context). Without one when the event brings another
 * text than a trace: a receiver would ignore it, and it may hold what no header can.
 */
export function childTrace(traceparent: string | undefined, random: Random): string | undefined {
  const trace = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(traceparent ?? '');
  if (trace === null) return undefined;
  return `00-${trace[1]}-${Buffer.from(random.bytes(8)).toString('hex')}-${trace[2]}`;
}
