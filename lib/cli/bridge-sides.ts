import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/index.ts';
import type { Seen } from '../core/bridge-check.ts';
import type { RocketMq, RocketMqAccess, RocketMqConsumer, RocketMqMessage } from '../runtime/rocketmq.ts';
import { systemRocketMq } from '../runtime/system-rocketmq.ts';
import { CliError } from './failure.ts';
import { hear } from './listening/hear.ts';
import type { World } from './world.ts';

/** A side that is read until it is closed. */
export interface Reading {
  /** What kept it from being read whole so far; undefined when nothing did. */
  trouble(): string | undefined;
  close(): Promise<void>;
}

export interface BusSide {
  readonly topic: string;
  readonly filter: unknown;
  readonly port: number;
  /** How the bus reaches this machine; the listener itself when left out. */
  readonly endpoint: string | undefined;
}

/** Reads a topic of the bus by a receiver of its own, which is taken away again. */
export async function readBus(
  client: Client,
  world: World,
  { topic, filter, port, endpoint }: BusSide,
  onSeen: (seen: Seen) => void,
): Promise<Reading> {
  const secret = `whsec_${Buffer.from(world.bytes(32)).toString('base64')}`;
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
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new CliError(`Port ${port} cannot be opened: ${error.message}.`, 'Pass another with --port.')),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  const opened = (server.address() as AddressInfo).port;
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
      // What fails to come is asked for again and again: it must not be told from what is missing.
      retry: { delaysSeconds: Array.from({ length: 50 }, () => 2) },
    });
    await client.putSubscription(topic, name, filter === undefined ? {} : { filter });
  } catch (error) {
    // The cause is what went wrong first; a receiver that was never made cannot be deleted either.
    await close().catch(() => undefined);
    throw error;
  }
  return { trouble: () => refusal, close };
}

export interface RocketMqSide {
  readonly access: RocketMqAccess;
  readonly topic: string;
  readonly tags: string;
  readonly group: string;
}

/** How many reads of the topic wait at once, for how many messages, and how long. */
const parallel = 4;
const batchMax = 32;
const waitSeconds = 2;

/**
 * Reads a topic of RocketMQ by a consumer group of its own, which nobody else should use: what it takes is acknowledged.
 * A broker that is away for a while is waited for, because the group goes on where it was.
 */
export async function readRocketMq(
  world: World,
  { access, topic, tags, group }: RocketMqSide,
  onSeen: (seen: Seen) => void,
  rocketmq: RocketMq = systemRocketMq(() => undefined),
): Promise<Reading> {
  const open = () => rocketmq.openConsumer(access, { group, topics: [{ topic, filter: { tags } }] });
  const first = await open();
  if (first.kind === 'failure') {
    throw new CliError(
      `The topic ${topic} cannot be read at ${access.endpoint}: ${first.message} (${first.failure}).`,
      'See that the topic and the group are there, and that ROCKETMQ_ACCESS_KEY and ROCKETMQ_SECRET_KEY are right.',
    );
  }
  let { consumer } = first;
  let closing = false;
  let failure: string | undefined;
  let renewing: Promise<void> | undefined;
  /** Joins anew; when that fails, the next read does, and comes back here. */
  const renew = async (used: RocketMqConsumer) => {
    if (consumer !== used || closing) return;
    renewing ??= (async () => {
      await used.close();
      await sleep(500);
      const again = await open();
      if (again.kind === 'open') ({ consumer } = again);
    })().finally(() => {
      renewing = undefined;
    });
    await renewing;
  };
  /** By reader: whether there may be more than it has read. */
  const behind = Array.from({ length: parallel }, () => true);
  const reading = Promise.all(
    behind.map(async (_, reader) => {
      while (!closing) {
        const used = consumer;
        const batch = await used.receive({ topic, max: batchMax, waitSeconds, invisibleSeconds: 60 });
        if (batch.kind === 'failure') {
          failure = `RocketMQ could not be read: ${batch.message} (${batch.failure})`;
          await renew(used);
          continue;
        }
        failure = undefined;
        const { messages } = batch;
        behind[reader] = messages.length === batchMax;
        for (const message of messages) {
          onSeen({ id: eventIdOf(message), atMs: world.now(), bornAtMs: message.bornAtMs });
        }
        // One that is not acknowledged comes again, and is counted as a duplicate.
        await Promise.all(messages.map((message) => used.ack(message)));
      }
    }),
  );
  // It is awaited when it is closed; until then a fault of ours must not end the process.
  reading.catch(() => undefined);
  return {
    trouble: () => failure ?? (behind.includes(true) ? 'RocketMQ was not read to its end' : undefined),
    async close() {
      closing = true;
      try {
        await reading;
      } finally {
        await consumer.close();
      }
    },
  };
}

/** What a message is called on the bus: as the event that it carries, or else as the bridge calls it, by its own id. */
export const eventIdOf = ({ id, properties }: Pick<RocketMqMessage, 'id' | 'properties'>): string =>
  properties.CE_id ?? id;

function bornOf(time: unknown): number | undefined {
  const bornAtMs = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return Number.isNaN(bornAtMs) ? undefined : bornAtMs;
}
