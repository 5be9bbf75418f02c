import { BusbarError } from '../kernel/errors.ts';
import type { Topic } from '../registry/topic.ts';

/** The topic of the system events. It is there on every bus, is no row and has no resources at AWS. */
export const systemTopicName = 'busbar';

/** The owner of the system topic: no application has this name, so no key acts for it. */
export const systemOwner = 'busbar';

export const systemTopic: Topic = {
  topic: systemTopicName,
  owner: systemOwner,
  description: 'What the bus reports about itself: each receiver gets what concerns its own application.',
  access: { publish: 'owner', subscribe: 'anyone' },
  declared: true,
  incarnation: 'busbar',
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};

/**
 * Refuses whatever would change the system topic or put events into it, for admins as well.
 * @throws BusbarError forbidden.
 */
export function requireNotSystemTopic(topic: string): void {
  if (topic !== systemTopicName) return;
  throw new BusbarError(
    'forbidden',
    `The topic ${systemTopicName} is reserved: it carries the events of the bus itself: nobody publishes to it or changes it. Subscribe a receiver to it with PUT /v1/topics/${systemTopicName}/subscriptions/{receiver}, or use a topic of your own.`,
  );
}
