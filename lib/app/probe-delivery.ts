import { admit, type Breaker, type BreakerEvent, weigh } from '../core/breaker.ts';
import { causeOf } from '../core/delivery.ts';
import { bus } from '../core/limits.ts';
import type { Receiver } from '../core/registry.ts';
import { type AttemptTools, attemptAll } from './attempt.ts';
import { type BreakerTools, changeBreaker, followBreaker } from './breaker.ts';
import { type Batch, type Decision, type SettleTools, settle } from './settle.ts';
import { type Due, held, type SortedOut } from './sort-out.ts';

type ProbeDeliveryTools = AttemptTools & BreakerTools & SettleTools;

/**
 * Tries the endpoint of an open breaker with one delivery, while all else waits. When it fails as the outage does, no
 * attempt is spent and nothing recorded, and the message rests a little longer: another one is the next probe, so that
 * an event which breaks its endpoint cannot keep the breaker open.
 */
export async function probeByDelivery(
  tools: ProbeDeliveryTools,
  receiver: Receiver,
  batch: Batch,
  { settled, due }: SortedOut,
  lastStartMs: number,
): Promise<string[]> {
  const [trial, ...rest] = due;
  if (trial === undefined) return await settle(tools, batch, settled);
  const began = await changeBreaker(tools, receiver, { kind: 'probe-began' });
  if (!began.changed) return await settle(tools, batch, [...settled, ...holdAll(tools, due, began.breaker)]);

  let cause: string | undefined;
  let answered = false;
  const tried = await attemptAll(tools, receiver, [{ ...trial }], lastStartMs, (outcome) => {
    answered = true;
    if (weigh(outcome) === 'failure') cause = causeOf(outcome);
  });
  // A fault of ours is no outcome: the next one to come after the probe's time tries again.
  if (!answered) return await settle(tools, batch, [...settled, ...tried, ...holdAll(tools, rest, began.breaker)]);
  const event: BreakerEvent = cause === undefined ? { kind: 'probe-succeeded' } : { kind: 'probe-failed', cause };
  const { before, breaker } = await changeBreaker(tools, receiver, event);
  const [failed] = cause === undefined ? [] : holdAll(tools, [trial], breaker);
  const outcome = failed === undefined ? tried : [{ ...failed, hideSeconds: (failed.hideSeconds ?? 0) + bus.breakerPauseSeconds }];
  const kept = await settle(tools, batch, [...settled, ...outcome, ...holdAll(tools, rest, breaker)]);
  await followBreaker(tools, receiver, before, breaker);
  return kept;
}

/** Keeps all for as long as the breaker does. */
function holdAll(tools: ProbeDeliveryTools, due: readonly Due[], breaker: Breaker): Decision[] {
  const admitted = admit(breaker, tools.clock.now());
  const seconds =
    admitted.kind === 'none' ? admitted.waitSeconds : admitted.kind === 'some' ? admitted.restWaitsSeconds : 0;
  return due.map(({ message }) => held(tools, message, seconds));
}

