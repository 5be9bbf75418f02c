import { Producer } from 'rocketmq-client-nodejs';
import type { Log } from '../../runtime/log.ts';
import type { RocketMqAccess, RocketMqOutgoing, RocketMqProducer } from './client.ts';
import { clientOptions, connected, failureOf, within } from './connection.ts';
import type { RocketMqFailure } from './failure.ts';

class Client extends connected(Producer) {
  constructor(access: RocketMqAccess, log: Log) {
    // Retries are the bus's: it knows what else waits, and how often was tried. With no topics, `startup()` waits
    // for nothing.
    super({ ...clientOptions(access, log), maxAttempts: 1 });
  }

  async findTopic(topic: string): Promise<void> {
    await this.getRouteData(topic);
  }
}

export async function openProducer(
  log: Log,
  access: RocketMqAccess,
  { topics }: { readonly topics: readonly string[] },
): Promise<{ kind: 'open'; producer: RocketMqProducer } | RocketMqFailure> {
  let client: Client | undefined;
  try {
    client = new Client(access, log);
    await within(4 * client.requestTimeoutMs, open(client, topics));
    return { kind: 'open', producer: producerOf(client) };
  } catch (error) {
    await client?.connection.close(client, client.requestTimeoutMs);
    return failureOf(error);
  }
}

async function open(client: Client, topics: readonly string[]): Promise<void> {
  await client.startup();
  await Promise.all(topics.map((topic) => client.findTopic(topic)));
  // The settings say how long a message may be, and whether its type must be the topic's.
  if (topics.length > 0) await client.connection.settled;
}

function producerOf(client: Client): RocketMqProducer {
  return {
    async send(message) {
      try {
        // Finding the topic, where it was not found yet, and sending.
        const receipt = await within(3 * client.requestTimeoutMs, client.send(optionsOf(message)));
        return { kind: 'sent', messageId: receipt.messageId };
      } catch (error) {
        return failureOf(error);
      }
    },
    close: () => client.connection.close(client, client.requestTimeoutMs),
  };
}

function optionsOf({ topic, tag, keys, properties, body, deliverAtMs, group }: RocketMqOutgoing) {
  if (deliverAtMs !== undefined && group !== undefined) {
    throw new TypeError('A message is either delayed or in a group: RocketMQ has no delayed FIFO messages.');
  }
  return {
    topic,
    ...(tag === undefined ? {} : { tag }),
    keys: [...keys],
    properties: new Map(Object.entries(properties)),
    body: Buffer.from(body),
    ...(deliverAtMs === undefined ? {} : { deliveryTimestamp: new Date(deliverAtMs) }),
    ...(group === undefined ? {} : { messageGroup: group }),
  };
}
