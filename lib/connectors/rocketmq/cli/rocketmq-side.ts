import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../../../cli/support/failure.ts';
import type { World } from '../../../cli/support/world.ts';
import type { Seen } from '../bridge-check.ts';
import type { RocketMq, RocketMqAccess, RocketMqConsumer } from '../client.ts';
import { carriedId } from '../cloud-message.ts';
import { systemRocketMq } from '../system.ts';
import type { Reading } from './reading.ts';

export interface RocketMqSide {
  readonly access: RocketMqAccess;
  readonly topic: string;
  readonly tags: string;
  readonly group: string;
}

/** How many reads of the topic run in parallel, how many messages each takes, and how long it waits for them. */
const parallel = 4;
const batchMax = 32;
const waitSeconds = 2;

/**
 * Reads a topic of RocketMQ with its own consumer group, which nothing else may use: every message read is
 * acknowledged. Waits for a broker that is briefly away, because the group resumes where it stopped.
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
      `Cannot read the topic ${topic} at ${access.endpoint}: ${first.message} (${first.failure}).`,
      'Check that the topic and the group exist, and that ROCKETMQ_ACCESS_KEY and ROCKETMQ_SECRET_KEY are right.',
    );
  }
  let { consumer } = first;
  let closing = false;
  let failure: string | undefined;
  let renewing: Promise<void> | undefined;
  /** Opens a new consumer. If that fails, the next read fails too and calls this again. */
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
  /** For each reader, whether its last read may have left messages behind. */
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
          onSeen({ id: carriedId(message) ?? message.id, atMs: world.now(), bornAtMs: message.bornAtMs });
        }
        // A message whose acknowledgement fails comes again and counts as a duplicate.
        await Promise.all(messages.map((message) => used.ack(message)));
      }
    }),
  );
  // `close` awaits this; until then a rejection must not end the process.
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
