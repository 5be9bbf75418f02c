import type { Declaration } from '../../core/declaration/declaration.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Tools } from '../../runtime/tools.ts';
import type { ApplicationTools } from '../access/applications.ts';
import { requireNothingHeld } from '../hold/held.ts';
import { applicationsGone, removeApplications, requireOwningNothing } from './applications.ts';

export type RetractTools = ApplicationTools &
  Tools<'deadLetters' | 'held' | 'holds' | 'registry' | 'secrets' | 'waitingCounts'>;

type Retracted = Pick<Declaration, 'applications' | 'topics' | 'receivers' | 'subscriptions'> &
  Partial<Pick<Declaration, 'dropWaitingOf'>>;

/**
 * Removes what is no longer declared, with its subscriptions. CloudFormation deletes the queues of a receiver after
 * this, so that a refusal keeps them and what is in them.
 * @throws BusbarError in_use, before anything is removed.
 */
export async function retract(tools: RetractTools, declaration: Retracted): Promise<void> {
  const { registry, secrets } = tools;
  const { dropWaitingOf = [] } = declaration;
  const gone = {
    topics: (await registry.topics())
      .filter(({ topic, declared }) => declared && !Object.hasOwn(declaration.topics, topic))
      .map(({ topic }) => topic),
    receivers: (await registry.receivers()).filter(
      ({ receiver, declared }) => declared && !Object.hasOwn(declaration.receivers, receiver),
    ),
  };
  const applications = await applicationsGone(tools, declaration.applications);
  // If one of these throws, the update fails and CloudFormation leaves everything as it was.
  await requireOwningNothing(tools, {
    topics: gone.topics,
    receivers: gone.receivers.map(({ receiver }) => receiver),
    applications,
  });
  for (const topic of gone.topics) await requireNothingHeld(tools, topic);
  for (const receiver of gone.receivers) {
    if (!dropWaitingOf.includes(receiver.receiver)) await requireNothingWaiting(tools, receiver);
  }
  for (const { topic, receiver, declared } of await registry.subscriptions()) {
    const isDeclaredStill = Object.hasOwn(declaration.subscriptions[topic] ?? {}, receiver);
    const hangs = gone.topics.includes(topic) || gone.receivers.some((each) => each.receiver === receiver);
    if (hangs || (declared && !isDeclaredStill)) await registry.deleteSubscription(topic, receiver);
  }
  for (const topic of gone.topics) await registry.deleteTopic(topic);
  for (const { receiver, earlierSecrets } of gone.receivers) {
    await secrets.forget(receiver, earlierSecrets);
    await registry.deleteReceiver(receiver);
  }
  await removeApplications(tools, applications);
}

async function requireNothingWaiting(tools: RetractTools, receiver: Receiver): Promise<void> {
  const { receiver: name } = receiver;
  const waiting = (await tools.waitingCounts.count(name)) + (await tools.deadLetters.all(receiver)).length;
  if (waiting === 0) return;
  throw new BusbarError(
    'in_use',
    `The receiver ${name} is no longer declared, but about ${waiting} events wait in its queues or are its dead letters, and would be deleted with them. Declare ${name} without subscriptions until it has taken them, and redrive its dead letters; or name it in dropWaitingOf of busbar.config.ts to lose them.`,
  );
}
