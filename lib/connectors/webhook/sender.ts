import { childTrace } from '../../core/deliver/delivery.ts';
import { unwritable } from '../../core/deliver/fault.ts';
import type { Outcome } from '../../core/deliver/outcome.ts';
import { type ConsentRules, stillAgreed } from '../../core/registry/consent.ts';
import type { Random } from '../../runtime/random.ts';
import type { RegistryStore } from '../../runtime/stores/registry.ts';
import type { SecretStore } from '../../runtime/stores/secrets.ts';
import type { KindSender, Sender } from '../kind.ts';
import { webhook } from './kind.ts';
import type { WebhookReceiver } from './receiver.ts';
import { type DeliveryRequest, writeRequest } from './request.ts';
import { type SendTools, send } from './send.ts';
import { type SigningKeys, signingKeys } from './signing-keys.ts';
import { createTokens, type TokenClient } from './tokens.ts';

interface WebhookSenderTools extends Omit<SendTools, 'tokens'> {
  /** What the bus calls itself to endpoints that agreed: a DNS name. */
  readonly origin: string;
  readonly secrets: SecretStore;
  readonly random: Random;
  readonly registry: Pick<RegistryStore, 'cachedReceiver'>;
  /** What the operator demands of URLs that are not endpoints. */
  readonly consent: ConsentRules;
}

/** Posts to the endpoints of receivers. It keeps their tokens, so an instance makes it once. */
export function createWebhookSender(made: WebhookSenderTools): KindSender<WebhookReceiver> {
  const { registry, consent: rules } = made;
  const mayFetch = async (client: TokenClient) => {
    const { consent, oauth2 } = client;
    const agreed = consent?.by === 'endpoint' ? await registry.cachedReceiver(consent.receiver) : undefined;
    return stillAgreed(oauth2.tokenUrl, client, rules, agreed);
  };
  const tools = { ...made, tokens: createTokens({ ...made, mayFetch }) };
  return {
    field: webhook.field,
    // Without the secrets nothing can be signed.
    open: async (receiver) => senderWith(await signingKeys(tools, receiver), receiver),
    probeByHead: (receiver) =>
      send(tools, receiver, {
        method: 'HEAD',
        headers: { ...receiver.headers, 'user-agent': 'busbar/1' },
      }),
  };

  function senderWith(keys: SigningKeys, receiver: WebhookReceiver): Sender {
    return {
      async send({ delivery, attempt, spanId }) {
        const { format = 'structured', routingKey } = receiver;
        if (format === 'pagerduty' && routingKey === undefined) return noRoutingKey;
        const nowMs = tools.clock.now();
        const signedBy = keys.at(nowMs);
        const request = written({
          delivery,
          attempt,
          nowMs,
          format,
          routingKey,
          keys: signedBy,
          headers: receiver.headers,
          origin: receiver.validate === 'handshake' ? tools.origin : undefined,
          traceparent: childTrace(delivery.traceparent, tools.random, spanId),
        });
        if ('kind' in request) return request;
        return await send(tools, receiver, { method: 'POST', headers: request.headers, body: request.body });
      },
      async close() {},
    };
  }
}

/** Its events wait until somebody gives the key, as they do for an endpoint that is down. */
const noRoutingKey: Outcome = {
  kind: 'failure',
  failure: 'no-routing-key',
  message:
    'The receiver has format pagerduty and no routingKey, which a configuration cannot hold: set it with PATCH /v1/receivers/{receiver}.',
};

/** The request of an attempt; the outcome where the event cannot be written. */
function written(options: Parameters<typeof writeRequest>[0]): DeliveryRequest | Outcome {
  try {
    return writeRequest(options);
  } catch (error) {
    return unwritable(error);
  }
}
