import type { Receiver } from '../../core/registry/receiver.ts';
import { writeRequest } from '../../core/webhook/request.ts';
import type { Random } from '../../runtime/random.ts';
import type { SecretStore } from '../../runtime/stores/secrets.ts';
import { signingKeys } from '../registry/secrets.ts';
import { type SendTools, send } from './send.ts';
import { childTrace, type Sender } from './sender.ts';

export interface HttpSenderTools extends SendTools {
  /** What the bus calls itself to endpoints that agreed: a DNS name. */
  readonly origin: string;
  readonly secrets: SecretStore;
  readonly random: Random;
}

/** Posts to the endpoint of a receiver. Rejects when its secrets cannot be read: nothing can be signed then. */
export async function openHttpSender(tools: HttpSenderTools, receiver: Receiver): Promise<Sender> {
  const keys = await signingKeys(tools, receiver);
  return {
    async send({ delivery, attempt }) {
      const nowMs = tools.clock.now();
      const request = writeRequest({
        delivery,
        attempt,
        nowMs,
        format: receiver.format ?? 'structured',
        keys: keys.at(nowMs),
        headers: receiver.headers,
        origin: receiver.validate === 'handshake' ? tools.origin : undefined,
        traceparent: childTrace(delivery.traceparent, tools.random),
      });
      return await send(tools, receiver, { method: 'POST', headers: request.headers, body: request.body });
    },
    async close() {},
  };
}
