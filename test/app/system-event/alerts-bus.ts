import { putSubscription } from '../../../lib/app/registry/subscriptions.ts';
import { relaySystemEvents } from '../../../lib/app/system-event/relay-system-events.ts';
import { sweepSystemEvents } from '../../../lib/app/system-event/sweep-system-events.ts';
import type { Principal } from '../../../lib/core/access/access.ts';
import { type TestBus, testBus } from '../bus.ts';

export const urlOf = (receiver: string) => `https://${receiver}.example.com/events`;

/** The test bus with receivers that are subscribed to system events. A test calls the relay as the stream would. */
export async function alertsBus() {
  const bus = await testBus();

  /** A receiver of an application that gets system events. */
  async function listener(name: string, principal: Principal, filter?: object) {
    await bus.receiver(name, { owner: principal.application });
    bus.endpoint(urlOf(name), () => 204);
    const { role, application } = principal;
    await putSubscription(bus.tools, { role, application }, 'busbar', name, { filter: filter as never });
  }

  return {
    ...bus,
    listener,
    relay: () => relaySystemEvents(bus.newTools()),
    sweep: () => sweepSystemEvents(bus.newTools()),
    /** The system events that have reached an endpoint, and the lanes of a receiver are emptied. */
    async told(
      receiver: string,
    ): Promise<{ id: string; type: string; subject: string; data: Record<string, unknown> }[]> {
      while ((await bus.runLane(receiver)).received > 0);
      return bus.requests
        .filter(({ url }) => url === urlOf(receiver))
        .map(({ body }) => JSON.parse(String(body)));
    },
  };
}

/** Fails a receiver until its breaker opens. */
export async function breakDown(
  bus: TestBus,
  receiver: string,
  events: readonly string[],
  status = 500,
): Promise<void> {
  bus.endpoint(urlOf(receiver), () => status);
  const messages = events.map((id) => ({
    body: JSON.stringify({ specversion: '1.0', id, source: '/s', type: 't', data: {} }),
    attributes: { type: 't', source: '/s' },
  }));
  await bus.tools.queues.send({ receiver, role: 'online' }, messages);
  await bus.runLane(receiver, bus.newTools());
}
