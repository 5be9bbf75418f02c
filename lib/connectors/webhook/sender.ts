import { childTrace } from '../../core/deliver/child-trace.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Random } from '../../runtime/random.ts';
import type { SecretStore } from '../../runtime/stores/secrets.ts';
import type { Sender } from '../kind.ts';
import { writeRequest } from './request.ts';
import { type SendTools, send } from './send.ts';
import { signingKeys } from './signing-keys.ts';

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
