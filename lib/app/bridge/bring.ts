import { type Bridge, type BridgeTopic, hideSecondsAfter } from '../../connectors/rocketmq/bridge.ts';
import { eventOfMessage, keptMessage } from '../../connectors/rocketmq/bridge-event.ts';
import type { RocketMqConsumer, RocketMqMessage } from '../../connectors/rocketmq/client.ts';
import { hopsOf } from '../../connectors/rocketmq/cloud-message.ts';
import { utf8Bytes } from '../../core/event/event.ts';
import { busHop, passOn, rocketMqHop } from '../../core/event/hops.ts';
import { bus } from '../../core/kernel/limits.ts';
import { type Refused, refusedIdOf } from '../../core/relay/refused.ts';
import type { PublishTools } from '../publish/publish.ts';
import { type KeepRefusedTools, keepRefused } from '../relay/keep-refused.ts';
import { type Outgoing, type Sent, sendStored } from '../relay/send-stored.ts';

export interface BringTools extends PublishTools, KeepRefusedTools {
  /** What tells this bus from others, in the chain of places where an event has been. */
  readonly busId: string;
}

export interface BridgeLine {
  readonly name: string;
  readonly bridge: Bridge;
  readonly consumer: RocketMqConsumer;
  readonly mapping: BridgeTopic;
}

/** What became of one message. */
type Fate = 'brought' | 'refused' | 'stopped' | 'again';

/**
 * Publishes messages the way that requests take, and acknowledges those that the bus has: accepted, or known already.
 * What the bus never will take is listed with its cause first and acknowledged then; what it could not take now stays
 * with RocketMQ. Killed at any point, it leaves messages that were not acknowledged: they come again, with their ids.
 */
export async function bring(
  tools: BringTools,
  line: BridgeLine,
  messages: readonly RocketMqMessage[],
): Promise<Record<Fate, number>> {
  const { name, bridge, mapping } = line;
  const to = { topic: mapping.topic };
  const fates = new Map<RocketMqMessage, Fate>();
  const outgoing: { message: RocketMqMessage; out: Outgoing }[] = [];
  for (const message of messages) {
    const here = rocketMqHop(bridge.endpoint, message.topic);
    const passage = passOn(hopsOf(message.properties), here, busHop(tools.busId, to));
    if (passage.kind === 'stopped') {
      tools.log('info', 'A bridge left out a message that was on the bus before', {
        bridge: name,
        message: message.id,
        detail: passage.detail,
      });
      fates.set(message, 'stopped');
      continue;
    }
    const context = { bridge: name, topic: mapping, hops: passage.hops, nowMs: tools.clock.now() };
    outgoing.push({
      message,
      out: {
        target: to,
        entry: eventOfMessage(message, outgoing.length, context),
        // Whoever deploys the bus declared the bridge, and with it that its messages may go there.
        principal: { application: `bridge-${name}`, role: 'admin' },
        ...(message.group !== undefined && { orderKey: `${message.topic}/${message.group}` }),
      },
    });
  }
  const sent = await sendStored(
    tools,
    outgoing.map(({ out }) => out),
  );
  for (const [at, { message, out }] of outgoing.entries()) {
    fates.set(message, await fateOf(tools, line, message, out, sent[at]));
  }
  const counts: Record<Fate, number> = { brought: 0, refused: 0, stopped: 0, again: 0 };
  await Promise.all(
    messages.map(async (message) => {
      const fate = fates.get(message) ?? 'again';
      counts[fate] += 1;
      await settle(tools, line, message, fate);
    }),
  );
  return counts;
}

async function fateOf(
  tools: BringTools,
  line: BridgeLine,
  message: RocketMqMessage,
  { entry }: Outgoing,
  sent: Sent | undefined,
): Promise<Fate> {
  if (sent?.kind === 'out') return 'brought';
  if (sent === undefined || sent.kind === 'again') return 'again';
  // Not what one message is to blame for: the topic was deleted since the run began.
  if (sent.code === 'unknown_topic') return 'again';
  const text = 'event' in entry ? entry.event.body : keptMessage(message);
  const isKept = utf8Bytes(text) <= bus.bridgeKeptBytesMax;
  const notKept = `It is too large to be kept here. RocketMQ has it until its group gives it up, and then in %DLQ%${line.bridge.group}.`;
  try {
    const owner = (await tools.registry.cachedTopic(line.mapping.topic))?.owner ?? line.name;
    await keepRefused(
      tools,
      { ...aboutOf(line, message), application: owner },
      isKept ? sent : { ...sent, detail: `${sent.detail} ${notKept}` },
      isKept ? text : keptMessage({ ...message, body: new Uint8Array() }),
    );
    return isKept ? 'refused' : 'again';
  } catch (error) {
    tools.log('error', 'A refused message could not be kept', {
      bridge: line.name,
      message: message.id,
      reason: String(error),
    });
    return 'again';
  }
}

function aboutOf({ name, mapping }: BridgeLine, message: RocketMqMessage) {
  const about: Omit<Refused, 'application' | 'code' | 'detail' | 'errors' | 'refusedAt' | 'times'> = {
    id: refusedIdOf('bridge', name, message.topic, message.id),
    from: 'bridge',
    bridge: name,
    message: { topic: message.topic, id: message.id },
    topic: mapping.topic,
    eventId: message.id,
  };
  return about;
}

/** Failing here is no harm: the message comes again, and is a duplicate then. */
async function settle(
  tools: BringTools,
  { name, consumer }: BridgeLine,
  message: RocketMqMessage,
  fate: Fate,
): Promise<void> {
  // The later ones of a message group come behind it, when it comes again: RocketMQ keeps the order.
  const settled =
    fate === 'again'
      ? await consumer.changeInvisible(message, hideSecondsAfter(message.attempt))
      : await consumer.ack(message);
  if (settled.kind === 'failure') {
    tools.log('warn', 'RocketMQ was not told what became of a message, and gives it again', {
      bridge: name,
      message: message.id,
      fate,
      detail: settled.message,
    });
  }
}
