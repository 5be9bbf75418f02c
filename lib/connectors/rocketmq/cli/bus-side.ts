import { createServer } from 'node:http';
import { hear } from '../../../cli/listening/hear.ts';
import { listenOn } from '../../../cli/support/listen-on.ts';
import { newSecret, type World } from '../../../cli/support/world.ts';
import type { Client } from '../../../client/index.ts';
import type { Seen } from '../bridge-check.ts';
import type { Reading } from './reading.ts';

export interface BusSide {
  readonly topic: string;
  readonly filter: unknown;
  readonly port: number;
  /** How the bus reaches this machine. Default: the listener's own URL. */
  readonly endpoint: string | undefined;
}

/** Reads a topic of the bus through a temporary receiver, which `close` deletes. */
export async function readBus(
  client: Client,
  world: World,
  { topic, filter, port, endpoint }: BusSide,
  onSeen: (seen: Seen) => void,
): Promise<Reading> {
  const secret = newSecret(world);
  const name = `bridge-check-${world.uuid().slice(0, 8)}`;
  let refusal: string | undefined;
  const server = createServer((request, response) => {
    hear(request, { secrets: [secret], decide: () => 204, now: world.now }).then(
      ({ atMs, delivery, status, problem }) => {
        response.writeHead(status).end();
        if (delivery === undefined) refusal ??= `a delivery of the bus could not be read: ${problem}`;
        else onSeen({ id: delivery.event.id, atMs, bornAtMs: bornOf(delivery.event.time) });
      },
      () => response.destroy(),
    );
  });
  const opened = await listenOn(server, port);
  const close = async () => {
    try {
      await client.call('DELETE', `/receivers/${name}?force=true`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };
  try {
    await client.putReceiver(name, {
      endpoint: endpoint ?? `http://127.0.0.1:${opened}/`,
      secret,
      // Retry failed deliveries often, so that a failed delivery is not mistaken for a missing event.
      retry: { delaysSeconds: Array.from({ length: 50 }, () => 2) },
    });
    await client.putSubscription(topic, name, filter === undefined ? {} : { filter });
  } catch (error) {
    // Report the original error: deleting a receiver that was never created fails, too.
    await close().catch(() => undefined);
    throw error;
  }
  return { trouble: () => refusal, close };
}

function bornOf(time: unknown): number | undefined {
  const bornAtMs = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return Number.isNaN(bornAtMs) ? undefined : bornAtMs;
}
