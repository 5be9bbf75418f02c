import { type Principal, requireOwner } from '../../core/access/access.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import { type AlertTestSpec, alertTestOf, eventsOfTest } from '../../core/system-event/alert-test.ts';
import { systemTopicName } from '../../core/system-event/topic.ts';
import type { Tools } from '../../runtime/tools.ts';
import { unknownReceiver } from '../registry/admin.ts';
import { type Listener, listenersOf, messageFor } from './relay-system-events.ts';

export type TestAlertsTools = Tools<'registry' | 'systemEvents'>;

/**
 * Sends one system event of each type to receivers of the caller, as far as their filters let them through. The relay
 * sends them, as it does all others; a second test of a receiver within a minute waits for the end of it.
 * @returns how many events each receiver gets.
 * @throws BusbarError unknown_receiver, forbidden, unknown_subscription.
 */
export async function testAlerts(
  tools: TestAlertsTools,
  principal: Principal,
  { receiver: name }: AlertTestSpec,
): Promise<{ receivers: { receiver: string; events: number }[] }> {
  const listeners = await listenersOf(tools);
  const tested =
    name === undefined ? ownOf(principal, listeners) : [await named(tools, principal, listeners, name)];
  const nowMs = tools.clock.now();
  const receivers = [];
  for (const listener of tested) {
    const { receiver, owner } = listener.receiver;
    const test = alertTestOf(receiver, owner, nowMs);
    const events = eventsOfTest({ ...test, id: '', sinceMs: nowMs });
    await tools.systemEvents.report(test);
    receivers.push({
      receiver,
      events: events.filter((event) => messageFor(listener, event) !== undefined).length,
    });
  }
  return { receivers };
}

/** Those of the caller's application: an admin would test everybody's. */
function ownOf({ application }: Principal, listeners: readonly Listener[]): Listener[] {
  const own = listeners.filter(({ receiver }) => receiver.owner === application);
  if (own.length > 0) return own;
  throw new BusbarError(
    'unknown_subscription',
    `No receiver of ${application} is subscribed to ${systemTopicName}. Subscribe one with PUT /v1/topics/${systemTopicName}/subscriptions/{receiver}.`,
  );
}

async function named(
  { registry }: Tools<'registry'>,
  principal: Principal,
  listeners: readonly Listener[],
  name: string,
): Promise<Listener> {
  const receiver = await registry.receiver(name);
  if (receiver === undefined) throw unknownReceiver(name);
  requireOwner(principal, receiver.owner, `The receiver ${name}`);
  const listener = listeners.find((each) => each.receiver.receiver === name);
  if (listener !== undefined) return listener;
  throw new BusbarError(
    'unknown_subscription',
    `The receiver ${name} is not subscribed to ${systemTopicName}. Subscribe it with PUT /v1/topics/${systemTopicName}/subscriptions/${name}.`,
  );
}
