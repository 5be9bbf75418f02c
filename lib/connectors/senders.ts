import type { World } from '../runtime/open.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { secrets } from '../runtime/stores.ts';
import type { KindSender } from './kind.ts';
import { createWebhookSender } from './webhook/sender.ts';

/** The senders of the function `deliver`: of every kind that needs no function of its own. Made once per instance. */
export const createSenders = (world: World & Pick<Runtime, 'http'>): readonly KindSender[] => {
  const { http, clock, random, config } = world;
  return [createWebhookSender({ http, clock, random, origin: config.origin, secrets: world.use(secrets) })];
};
