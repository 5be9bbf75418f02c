import { senderFor } from '../../connectors/kind.ts';
import { admit, type Breaker, type BreakerEvent, restAskedFor, weigh } from '../../core/breaker/breaker.ts';
import { breakerPauseSeconds } from '../../core/breaker/limits.ts';
import { causeOf } from '../../core/deliver/delivery.ts';
import { isOfTheBus } from '../../core/deliver/fault.ts';
import type { Outcome } from '../../core/deliver/outcome.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { systemTopicName } from '../../core/system-event/topic.ts';
import { changeAndFollow, changeBreaker, logFailure } from '../breaker/breaker.ts';
import { attemptAll } from './attempt.ts';
import { type BatchContext, type Decision, type DeliverTools, type Due, postpone } from './batch.ts';

/**
 * Tries the endpoint of an open breaker with one delivery, while the rest of the batch waits. A failure of the kind that
 * opened the breaker spends no attempt and records nothing, and the message waits a little longer than the others: another
 * one is the next probe, so an event that breaks its endpoint cannot keep the breaker open.
 */
export async function probeByDelivery(tools: DeliverTools, context: BatchContext): Promise<void> {
  const { receiver, due, decisions } = context;
  const [trial, ...rest] = due;
  if (trial === undefined) return;
  const began = await logFailure(tools, receiver, () =>
    changeBreaker(tools, receiver, { kind: 'probe-began' }),
  );
  if (began === undefined || !began.changed) {
    return void decisions.push(...postponeAll(tools, due, began?.breaker));
  }

  const tried = await attemptAll(tools, context, [trial]);
  const outcome = context.attempts.at(0)?.outcome;
  const isQuiet = trial.delivery.topic === systemTopicName;
  // A fault of the bus is no outcome: the first batch after the time of this probe probes again.
  const event = outcome && probeEnded(outcome, isQuiet, tools.clock.now());
  context.probed = event && (await logFailure(tools, receiver, () => changeBreaker(tools, receiver, event)));
  const breaker = context.probed?.breaker ?? began.breaker;
  const failed = event?.kind === 'probe-failed';
  decisions.push(
    ...(failed ? postponeAll(tools, [trial], breaker, breakerPauseSeconds) : tried),
    ...postponeAll(tools, rest, breaker),
  );
}

/**
 * Probes the endpoint of an open breaker by a HEAD request, for receivers that chose so. Any answer except a 5xx counts as
 * success: an endpoint that does not implement HEAD answers 405, and works.
 */
export async function probeByHead(tools: DeliverTools, receiver: Receiver): Promise<void> {
  const send = senderFor(tools, receiver)?.probeByHead;
  if (send === undefined) return;
  const { changed } = await changeBreaker(tools, receiver, { kind: 'probe-began' });
  if (!changed) return;
  const outcome = await send(receiver);
  // The request is no event of anybody: a breaker that is quiet stays it.
  const event = probeEnded(outcome, true, tools.clock.now());
  if (event !== undefined) await changeAndFollow(tools, receiver, event);
}

/** Undefined when the endpoint was not asked. */
function probeEnded(outcome: Outcome, isQuiet: boolean, nowMs: number): BreakerEvent | undefined {
  if (isOfTheBus(outcome)) return undefined;
  return weigh(outcome) === 'success'
    ? { kind: 'probe-succeeded', restUntilMs: restAskedFor(outcome, nowMs) }
    : { kind: 'probe-failed', cause: causeOf(outcome), isQuiet };
}

/** Postpones all for as long as the breaker asks; for some seconds where its state is not known. */
function postponeAll(
  tools: Pick<DeliverTools, 'clock' | 'random'>,
  due: readonly Due[],
  breaker: Breaker | undefined,
  extraSeconds = 0,
): Decision[] {
  const admission = breaker && admit(breaker, tools.clock.now());
  const seconds =
    admission?.kind === 'none'
      ? admission.waitSeconds
      : admission?.kind === 'some'
        ? admission.restWaitsSeconds
        : bus.ownFaultSeconds;
  return due.map(({ message }) => {
    const postponed = postpone(tools, message, seconds);
    return { ...postponed, hideSeconds: (postponed.hideSeconds ?? 0) + extraSeconds };
  });
}
