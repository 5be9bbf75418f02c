import type { Config } from '../runtime/config.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { SecretStore } from '../runtime/stores/secrets.ts';
import type { KindSender } from './kind.ts';
import { createWebhookSender } from './webhook/sender.ts';

/** The senders of the function `deliver`: of every kind that needs no function of its own. Made once an instance. */
export const createSenders = (
  runtime: Pick<Runtime, 'http' | 'clock' | 'random'>,
  config: Pick<Config, 'origin'>,
  secrets: SecretStore,
): readonly KindSender[] => [createWebhookSender({ ...runtime, origin: config.origin, secrets })];
