import type { Declaration } from '../core/declaration.ts';
import { checkEndpoint } from '../core/endpoint.ts';
import { createSecret } from '../core/signature.ts';
import type { Clock } from '../runtime/clock.ts';
import type { EndpointPolicy } from '../runtime/config.ts';
import type { Random } from '../runtime/random.ts';
import type { RegistryStore } from '../runtime/stores/registry.ts';

export interface DeclareTools {
  readonly registry: RegistryStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly endpoints: EndpointPolicy;
}

/** The application that owns what names no owner. */
const ownerDefault = 'admin';

/**
 * Brings the registry to what the stack declares, and takes out what it declared before. AWS's side of it is the
 * stack's own; a secret that a receiver already has stays.
 */
export async function declare(tools: DeclareTools, declaration: Declaration): Promise<void> {
  const { registry } = tools;
  const now = new Date(tools.clock.now()).toISOString();
  for (const [name, { owner = ownerDefault, ...spec }] of Object.entries(declaration.topics)) {
    const existing = await registry.topic(name);
    await registry.putTopic({ ...spec, topic: name, owner, ...dates(existing, now) });
  }
  for (const [name, { owner = ownerDefault, endpoint, ...spec }] of Object.entries(declaration.receivers)) {
    // The stack has put the parameter's value in by now.
    const url = checkEndpoint(String(endpoint), { policy: tools.endpoints, ownHosts: [] });
    const existing = await registry.receiver(name);
    const secret = existing?.secret ?? createSecret(tools.random);
    await registry.putReceiver({
      ...spec,
      receiver: name,
      owner,
      endpoint: url.href,
      secret,
      state: 'active',
      ...dates(existing, now),
    });
  }
  for (const [topic, receivers] of Object.entries(declaration.subscriptions)) {
    for (const [receiver, { filter }] of Object.entries(receivers)) {
      const existing = await registry.subscription(topic, receiver);
      await registry.putSubscription({
        topic,
        receiver,
        ...(filter !== undefined && { filter }),
        ...dates(existing, now),
      });
    }
  }
  await retract(registry, declaration);
}

function dates(existing: { readonly createdAt: string } | undefined, now: string) {
  return { declared: true, createdAt: existing?.createdAt ?? now, updatedAt: now };
}

/** Takes out what was declared once and is no more. */
async function retract(registry: RegistryStore, declaration: Declaration): Promise<void> {
  for (const { topic, receiver, declared } of await registry.subscriptions()) {
    if (declared && !Object.hasOwn(declaration.subscriptions[topic] ?? {}, receiver)) {
      await registry.deleteSubscription(topic, receiver);
    }
  }
  for (const { topic, declared } of await registry.topics()) {
    if (declared && !Object.hasOwn(declaration.topics, topic)) await registry.deleteTopic(topic);
  }
  for (const { receiver, declared } of await registry.receivers()) {
    if (declared && !Object.hasOwn(declaration.receivers, receiver)) await registry.deleteReceiver(receiver);
  }
}
