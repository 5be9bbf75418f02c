import type { Receiver, ReceiverSpec } from '../../core/registry/receiver.ts';
import type { OAuth2, OAuth2Spec } from './oauth2.ts';

/** The body of a PUT. */
export interface WebhookSpec extends ReceiverSpec {
  readonly endpoint: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly publicHeaders?: readonly string[];
  readonly oauth2?: OAuth2Spec;
  readonly routingKey?: string;
}

/** A receiver as this kind stores it. */
export interface WebhookReceiver extends Receiver {
  readonly headers?: Readonly<Record<string, string>>;
  readonly publicHeaders?: readonly string[];
  readonly oauth2?: OAuth2;
  /** Of PagerDuty; a declared receiver may have none yet. */
  readonly routingKey?: string;
}
