import { type Bridge, type BridgeTopic, parseRocketMqSecret } from '../../connectors/rocketmq/bridge.ts';
import type { RocketMq, RocketMqConsumer } from '../../connectors/rocketmq/client.ts';
import type { RocketMqFailure } from '../../connectors/rocketmq/failure.ts';
import { bridgeFails } from '../../core/bridge/pressure.ts';
import { bus } from '../../core/kernel/limits.ts';
import { type BringTools, bring } from './bring.ts';
import { createPacer, type Pacer } from './pacer.ts';

export interface BridgeTools extends BringTools {
  readonly rocketmq: RocketMq;
  /** The text of a secret. @throws Error when it cannot be had. */
  readonly readSecret: (secret: string) => Promise<string>;
}

/** What a run of a bridge did, for the log and for tests. */
export interface BridgeRun {
  readonly brought: number;
  readonly refused: number;
  readonly stopped: number;
  readonly again: number;
}

/**
 * One run of a bridge, a minute at most: joins the consumer group, brings what comes until it is time to stop, and
 * leaves. All of it within one invocation, because a client of RocketMQ has timers that a frozen sandbox breaks. Two
 * runs at a time are harmless: RocketMQ hands out no message to one that is hidden for the other.
 * @param remainingMs how long the invocation may take.
 */
export async function runBridge(
  tools: BridgeTools,
  name: string,
  bridge: Bridge,
  remainingMs: number,
): Promise<BridgeRun> {
  const total = { brought: 0, refused: 0, stopped: 0, again: 0 };
  const startMs = tools.clock.now();
  // What is under way at the end has as long as the timeout of the function leaves it beyond a run.
  const graceMs = 1000 * (bus.bridgeTimeoutSeconds - bus.bridgeRunSeconds);
  const endMs = startMs + Math.min(1000 * bus.bridgeRunSeconds, Math.max(0, remainingMs - graceMs));
  const ready = await readyTopics(tools, name, bridge);
  if (ready.length === 0) return total;
  const opened = await open(tools, bridge, ready);
  if (opened.kind === 'failure') {
    tell(tools, name, bridge, 'The consumer group could not be joined', opened);
    return total;
  }
  const { consumer } = opened;
  try {
    const lanes = ready.flatMap((topic) => {
      const pacer = createPacer(bridge, endMs, tools.clock);
      return Array.from({ length: bridge.parallel }, () => ({ topic, pacer }));
    });
    await Promise.all(
      lanes.map(async ({ topic, pacer }) => {
        const run = await pump(tools, { name, bridge, consumer, pacer, endMs }, topic);
        for (const key of ['brought', 'refused', 'stopped', 'again'] as const) total[key] += run[key];
      }),
    );
  } finally {
    await consumer.close();
  }
  if (total.brought + total.refused + total.stopped + total.again > 0) {
    tools.log('info', 'A bridge brought messages', { bridge: name, ...total });
  }
  return total;
}

interface Line {
  readonly name: string;
  readonly bridge: Bridge;
  readonly consumer: RocketMqConsumer;
  readonly pacer: Pacer;
  readonly endMs: number;
}

/** Brings batch after batch of one topic, until the time is over or there is no use in going on. */
async function pump(tools: BridgeTools, line: Line, topic: string): Promise<BridgeRun> {
  const { name, bridge, consumer, pacer, endMs } = line;
  const mapping = Object.hasOwn(bridge.topics, topic) ? bridge.topics[topic] : undefined;
  const total = { brought: 0, refused: 0, stopped: 0, again: 0 };
  while (mapping !== undefined && (await pacer.mayReceive())) {
    const leftSeconds = Math.floor((endMs - tools.clock.now()) / 1000);
    const answer = await consumer.receive({
      topic,
      max: bridge.batch,
      waitSeconds: Math.min(bus.bridgePollSeconds, leftSeconds),
      invisibleSeconds: bridge.invisibleSeconds,
    });
    if (answer.kind === 'failure') {
      tell(tools, name, bridge, `Messages of ${topic} could not be received`, answer);
      if (answer.permanent) break;
      pacer.hadTrouble();
      continue;
    }
    if (answer.messages.length === 0) continue;
    const beganMs = tools.clock.now();
    const batch = await bring(tools, { name, bridge, consumer, mapping }, answer.messages);
    pacer.hadBatch({ tookMs: tools.clock.now() - beganMs, notTaken: batch.again });
    for (const key of ['brought', 'refused', 'stopped', 'again'] as const) total[key] += batch[key];
  }
  return total;
}

/**
 * The topics of RocketMQ whose topic of the bus is there. Nothing is taken for one that is not: each message of it
 * would be refused for something that no message is to blame for.
 */
async function readyTopics(tools: BridgeTools, name: string, bridge: Bridge): Promise<string[]> {
  const topics = await Promise.all(
    Object.entries(bridge.topics).map(async ([from, { topic }]) => {
      // It throws where the table cannot be reached, and then nothing is taken from RocketMQ either.
      if ((await tools.registry.cachedTopic(topic)) !== undefined) return from;
      tools.log('error', bridgeFails, {
        bridge: name,
        detail: `There is no topic ${topic} for the messages of ${from}. Create it with PUT /v1/topics/${topic}.`,
      });
      return undefined;
    }),
  );
  return topics.filter((topic) => topic !== undefined);
}

async function open(
  tools: BridgeTools,
  bridge: Bridge,
  topics: readonly string[],
): Promise<{ kind: 'open'; consumer: RocketMqConsumer } | RocketMqFailure> {
  const { secret } = bridge;
  const credentials =
    secret === undefined ? undefined : parseRocketMqSecret(secret, await tools.readSecret(secret));
  return await tools.rocketmq.openConsumer(
    { endpoint: bridge.endpoint, tls: bridge.tls, credentials },
    {
      group: bridge.group,
      topics: topics.map((topic) => ({ topic, filter: filterOf(bridge.topics[topic]) })),
    },
  );
}

function filterOf(mapping: BridgeTopic | undefined): { tags: string } | { sql: string } {
  const { sql, tags } = { sql: undefined, tags: undefined, ...mapping };
  return sql === undefined ? { tags: tags ?? '*' } : { sql };
}

/** What may pass is a warning; what will not is an alarm. */
function tell(
  tools: BridgeTools,
  name: string,
  { endpoint }: Bridge,
  problem: string,
  { failure, permanent, message }: RocketMqFailure,
): void {
  const fields = { bridge: name, endpoint, detail: `${problem}: ${message}`, failure };
  if (permanent || failure === 'unreachable') tools.log('error', bridgeFails, fields);
  else tools.log('warn', 'A bridge was held up', fields);
}
