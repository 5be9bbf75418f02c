import type { Receiver } from '../../core/registry/receiver.ts';

/** A receiver as this kind stores it. */
export type WebhookReceiver = Receiver;
