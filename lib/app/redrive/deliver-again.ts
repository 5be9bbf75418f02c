import type { Principal } from '../../core/access/access.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import { takeInSeconds } from '../../core/redrive/limits.ts';
import type { DeliverAgainSpec } from '../../core/redrive/redrive.ts';
import { ownReceiver } from '../registry/flow.ts';
import type { DeadLetterTools } from './dead-letters.ts';
import { type RedriveTools, startRedrive } from './redrive.ts';
import { takeIn } from './take-in.ts';

/**
 * Delivers one event to one receiver again, by hand. The bus keeps an event only until it is delivered, so only a dead
 * letter can be delivered again, by its own redrive.
 * @throws BusbarError event_not_kept, and what `startRedrive` throws.
 */
export async function deliverAgain(
  tools: RedriveTools & DeadLetterTools,
  principal: Principal,
  eventId: string,
  { receiver }: DeliverAgainSpec,
) {
  const own = await ownReceiver(tools, principal, receiver);
  await takeIn(tools, own, tools.clock.now() + takeInSeconds * 1000);
  const letters = (await tools.deadLetters.all(own)).filter((letter) => letter.eventId === eventId);
  if (letters.length === 0) {
    throw new BusbarError(
      'event_not_kept',
      `The event ${eventId} is not a dead letter of ${receiver}. The bus keeps an event only until it is delivered: an event that is being retried needs no redelivery, and a delivered one can be published again.`,
    );
  }
  // Different sources may use the same id; those are different events.
  const ids = [...new Set(letters.map(({ id }) => id))];
  const redrive = await startRedrive(tools, principal, receiver, { ids });
  return {
    deliveries: letters.map(({ id, eventSource }) => ({ deliveryId: id, receiver, source: eventSource })),
    redrive,
  };
}
