import type { World } from '../runtime/open.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { registry, secrets } from '../runtime/stores.ts';
import type { KindSender } from './kind.ts';
import { createWebhookSender } from './webhook/sender.ts';

/** The senders of the function `deliver`: of every kind that needs no function of its own. Made once per instance. */
export const createSenders = (world: World & Pick<Runtime, 'http'>): readonly KindSender[] => {
  const { http, clock, random, config } = world;
  const { origin } = config;
  const stores = { secrets: world.use(secrets), registry: world.use(registry) };
  return [createWebhookSender({ http, clock, random, origin, ...stores, consent: config })];
};
