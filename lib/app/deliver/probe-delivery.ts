import { admit, type Breaker, type BreakerEvent, restAskedFor, weigh } from '../../core/breaker/breaker.ts';
import { causeOf } from '../../core/deliver/delivery.ts';
import { lanePlan } from '../../core/deliver/lane-plan.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { type BreakerTools, changeBreaker, followBreaker, orTell } from '../breaker/breaker.ts';
import type { TraceTools } from '../why/trace.ts';
import { type AttemptTools, attemptAll } from './attempt.ts';
import { type Decision, type Due, held } from './decision.ts';
import { type Batch, type SettleTools, settle } from './settle.ts';
import { settleAndTrace } from './settle-and-trace.ts';
import type { SortedOut } from './sort-out.ts';

type ProbeDeliveryTools = AttemptTools & BreakerTools & SettleTools & TraceTools;

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
  const began = await orTell(tools, receiver, () => changeBreaker(tools, receiver, { kind: 'probe-began' }));
  if (began === undefined || !began.changed) {
    return await settle(tools, batch, [...settled, ...holdAll(tools, due, began?.breaker)]);
  }

  let answered = false;
  let cause: string | undefined;
  let restUntilMs: number | undefined;
  const plan = lanePlan(receiver, batch.role, false);
  const tried = await attemptAll(tools, receiver, batch.role, plan, [trial], lastStartMs, ({ outcome }) => {
    answered = true;
    restUntilMs = restAskedFor(outcome, tools.clock.now());
    if (weigh(outcome) === 'failure') cause = causeOf(outcome);
  });
  // A fault of ours is no outcome: whoever comes when the time of this probe is over probes again.
  const event: BreakerEvent | undefined = !answered
    ? undefined
    : cause === undefined
      ? { kind: 'probe-succeeded', restUntilMs }
      : { kind: 'probe-failed', cause };
  const ended = event && (await orTell(tools, receiver, () => changeBreaker(tools, receiver, event)));
  const breaker = ended?.breaker ?? began.breaker;
  const trialled =
    cause === undefined
      ? tried
      : holdAll(tools, [trial], breaker).map((decision) => ({
          ...decision,
          hideSeconds: (decision.hideSeconds ?? 0) + bus.breakerPauseSeconds,
        }));
  const kept = await settleAndTrace(tools, batch, [
    ...settled,
    ...trialled,
    ...holdAll(tools, rest, breaker),
  ]);
  if (ended !== undefined) {
    await orTell(tools, receiver, () => followBreaker(tools, receiver, ended.before, ended.breaker));
  }
  return kept;
}

/** Keeps all for as long as the breaker does; for some seconds when a throttle of ours hides what it does. */
function holdAll(tools: ProbeDeliveryTools, due: readonly Due[], breaker: Breaker | undefined): Decision[] {
  const admitted = breaker && admit(breaker, tools.clock.now());
  const seconds =
    admitted?.kind === 'none'
      ? admitted.waitSeconds
      : admitted?.kind === 'some'
        ? admitted.restWaitsSeconds
        : bus.ownFaultSeconds;
  return due.map(({ message }) => held(tools, message, seconds));
}
