import type { Source, SourceFailure, SourceMessage, SourceReader, SourceRoute } from '../kind.ts';
import { type Bridge, type BridgeTopic, hideSecondsAfter, parseRocketMqSecret } from './bridge.ts';
import { eventOfMessage, keptMessage } from './bridge-event.ts';
import type { RocketMq, RocketMqConsumer, RocketMqMessage } from './client.ts';
import { hopsOf } from './cloud-message.ts';
import type { RocketMqFailure } from './failure.ts';
import { rocketMqHop } from './hop.ts';

export interface ReaderTools {
  readonly rocketmq: RocketMq;
  /** The text of a secret. @throws Error when it cannot be read. */
  readonly readSecret: (secret: string) => Promise<string>;
}

/** The topics that a consumer group of RocketMQ gets, as the source of a bridge. */
export function sourceOf(tools: ReaderTools, name: string, bridge: Bridge): Source {
  return {
    address: bridge.endpoint,
    routes: Object.entries(bridge.topics).map(([from, { topic }]) => ({ from, topic })),
    trustsSources: bridge.trustSources ?? false,
    parallel: bridge.parallel,
    slowSeconds: bridge.slowSeconds,
    async open(routes) {
      const opened = await openConsumer(tools, bridge, routes);
      if (opened.kind === 'failure') return failureOf('The consumer group could not be joined', opened);
      return { kind: 'open', reader: readerOf(opened.consumer, name, bridge) };
    },
  };
}

async function openConsumer(tools: ReaderTools, bridge: Bridge, routes: readonly SourceRoute[]) {
  const { secret } = bridge;
  const credentials =
    secret === undefined ? undefined : parseRocketMqSecret(secret, await tools.readSecret(secret));
  return await tools.rocketmq.openConsumer(
    { endpoint: bridge.endpoint, tls: bridge.tls, credentials },
    {
      group: bridge.group,
      topics: routes.map(({ from }) => ({ topic: from, filter: filterOf(bridge.topics[from]) })),
    },
  );
}

function filterOf(mapping: BridgeTopic | undefined): { tags: string } | { sql: string } {
  const { sql, tags } = { sql: undefined, tags: undefined, ...mapping };
  return sql === undefined ? { tags: tags ?? '*' } : { sql };
}

function readerOf(consumer: RocketMqConsumer, name: string, bridge: Bridge): SourceReader {
  return {
    async receive({ from, topic }, waitSeconds) {
      const answer = await consumer.receive({
        topic: from,
        max: bridge.batch,
        waitSeconds,
        invisibleSeconds: bridge.invisibleSeconds,
      });
      if (answer.kind === 'failure') return failureOf(undefined, answer);
      const mapping = bridge.topics[from] ?? { topic };
      const messages = answer.messages.map((message) =>
        messageOf({ consumer, name, bridge, mapping }, message),
      );
      return { kind: 'messages', messages };
    },
    close: () => consumer.close(),
  };
}

interface Line {
  readonly consumer: RocketMqConsumer;
  readonly name: string;
  readonly bridge: Bridge;
  readonly mapping: BridgeTopic;
}

function messageOf({ consumer, name, bridge, mapping }: Line, message: RocketMqMessage): SourceMessage {
  const { id, topic, group } = message;
  return {
    id,
    hops: hopsOf(message.properties),
    place: rocketMqHop(bridge.endpoint, topic),
    orderKey: group === undefined ? undefined : `${topic}/${group}`,
    get kept() {
      return keptMessage(message);
    },
    get keptWithoutBody() {
      return keptMessage({ ...message, body: new Uint8Array() });
    },
    keptBySource: `RocketMQ has it until its group gives it up, and then in %DLQ%${bridge.group}.`,
    entry: (index, { hops, nowMs }) =>
      eventOfMessage(message, index, { bridge: name, topic: mapping, hops, nowMs }),
    acknowledge: async () => settled(await consumer.ack(message)),
    // The later messages of a message group come after it: RocketMQ keeps the order.
    giveBack: async () => settled(await consumer.changeInvisible(message, hideSecondsAfter(message.attempt))),
  };
}

const settled = (answer: { readonly kind: 'done' } | RocketMqFailure): SourceFailure | undefined =>
  answer.kind === 'failure' ? failureOf(undefined, answer) : undefined;

const failureOf = (
  problem: string | undefined,
  { failure, permanent, message }: RocketMqFailure,
): SourceFailure => ({
  kind: 'failure',
  failure,
  permanent,
  alarming: permanent || failure === 'unreachable',
  message: problem === undefined ? message : `${problem}: ${message}`,
});
