import { startBus } from '../../acceptance/bus.ts';
import type { Sender } from './sender.ts';

/** Busbar on this machine, over its HTTP API. */
export async function startSender(): Promise<Sender> {
  const bus = await startBus();
  let receivers = 0;
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await bus.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.detail}`);
    return answer.body;
  };
  return {
    // On a laptop it takes plain HTTP as well; test/core/kernel/forbidden-endpoints.test.ts holds what it does when deployed.
    supports: { validation: true, callback: true, httpsOnly: false },
    async register({ url, validate, ratePerMinute, bearerToken }) {
      const path = `/v1/receivers/conformance-${++receivers}`;
      await call('PUT', path, {
        endpoint: url,
        retry: { delaysSeconds: [1, 1, 1, 3600] },
        ...(validate && { validate: 'handshake' }),
        ...(ratePerMinute !== undefined && { limits: { perSecond: ratePerMinute / 60 } }),
        ...(bearerToken !== undefined && { headers: { Authorization: `Bearer ${bearerToken}` } }),
      });
      return {
        async publish(id) {
          await call('POST', `${path}/events`, { type: 'com.example.conformance', id, data: { id } });
        },
        async agreement() {
          return (await call('GET', path)).validation?.state;
        },
      };
    },
    async stop() {
      await bus.stop();
    },
  };
}
