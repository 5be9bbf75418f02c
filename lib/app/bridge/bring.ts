import type { SourceMessage, SourceRoute } from '../../connectors/kind.ts';
import { utf8Bytes } from '../../core/event/event.ts';
import { busHop, passOn } from '../../core/event/hops.ts';
import { bridgePublisher } from '../../core/event/publisher.ts';
import { bus } from '../../core/kernel/limits.ts';
import { type Refused, refusedIdOf } from '../../core/refused/refused.ts';
import type { Parts } from '../../runtime/tools.ts';
import type { PublishTools } from '../publish/publish.ts';
import { type KeepRefusedTools, keepRefused } from '../refused/keep-refused.ts';
import { type Outgoing, type Sent, sendStored } from '../relay/send-stored.ts';

export interface BringTools extends PublishTools, KeepRefusedTools, Parts<'systemEvents'> {
  /** Tells this bus from others, in the chain of places where an event has been. */
  readonly busId: string;
}

export interface BridgeLine {
  readonly name: string;
  readonly route: SourceRoute;
  readonly trustsSources: boolean;
}

/** The end of one message: published, listed as refused, stopped on its way round a circle, or given back to the source. */
const ends = ['brought', 'refused', 'stopped', 'again'] as const;
type End = (typeof ends)[number];

/** How many messages came to which end, for the log and for tests. */
export type BridgeRun = Readonly<Record<End, number>>;

export const emptyRun = (): Record<End, number> => ({ brought: 0, refused: 0, stopped: 0, again: 0 });

export function addRun(total: Record<End, number>, run: BridgeRun): void {
  for (const end of ends) total[end] += run[end];
}

/**
 * Publishes messages the way that requests take, and acknowledges those that the bus has: accepted, or known already.
 * What the bus will never take is first listed with its cause and then acknowledged; what it cannot take now stays with
 * the source. Killed at any point, it leaves messages that were not acknowledged: they come again, with their ids.
 */
export async function bring(
  tools: BringTools,
  line: BridgeLine,
  messages: readonly SourceMessage[],
): Promise<BridgeRun> {
  const { name, route, trustsSources } = line;
  const to = { topic: route.topic };
  const reached = new Map<SourceMessage, End>();
  const outgoing: { message: SourceMessage; out: Outgoing }[] = [];
  for (const message of messages) {
    const passage = passOn(message.hops, message.place, busHop(tools.busId, to));
    if (passage.kind === 'stopped') {
      tools.log('info', 'A bridge left out a message that was on the bus before', {
        bridge: name,
        sourceMessage: message.id,
        detail: passage.detail,
      });
      reached.set(message, 'stopped');
      continue;
    }
    const { orderKey } = message;
    outgoing.push({
      message,
      out: {
        target: to,
        entry: message.entry(outgoing.length, { hops: passage.hops, nowMs: tools.clock.now() }),
        // Whoever deploys the bus declared the bridge, and with it that its messages may go there.
        principal: { application: bridgePublisher(name), role: 'admin' },
        trustsSource: trustsSources,
        ...(orderKey !== undefined && { orderKey }),
      },
    });
  }
  const sent = await sendStored(
    tools,
    outgoing.map(({ out }) => out),
  );
  for (const [at, { message, out }] of outgoing.entries()) {
    reached.set(message, await endOf(tools, line, message, out, sent[at]));
  }
  const run = emptyRun();
  await Promise.all(
    messages.map(async (message) => {
      const end = reached.get(message) ?? 'again';
      run[end] += 1;
      await settle(tools, line, message, end);
    }),
  );
  return run;
}

async function endOf(
  tools: BringTools,
  line: BridgeLine,
  message: SourceMessage,
  { entry }: Outgoing,
  sent: Sent | undefined,
): Promise<End> {
  if (sent?.kind === 'out') return 'brought';
  if (sent === undefined || sent.kind === 'again') return 'again';
  // No message is to blame for this: the topic was deleted after the run began.
  if (sent.code === 'unknown_topic') return 'again';
  const text = 'event' in entry ? entry.event.body : message.kept;
  const isKept = utf8Bytes(text) <= bus.bridgeKeptBytesMax;
  try {
    const owner = (await tools.registry.cachedTopic(line.route.topic))?.owner ?? line.name;
    await keepRefused(
      tools,
      { ...aboutOf(line, message), application: owner },
      isKept
        ? sent
        : { ...sent, detail: `${sent.detail} It is too large to be kept here. ${message.keptBySource}` },
      isKept ? text : message.keptWithoutBody,
    );
    return isKept ? 'refused' : 'again';
  } catch (error) {
    tools.log('error', 'A refused message could not be kept', {
      bridge: line.name,
      sourceMessage: message.id,
      reason: String(error),
    });
    return 'again';
  }
}

function aboutOf({ name, route }: Pick<BridgeLine, 'name' | 'route'>, message: SourceMessage) {
  const about: Omit<Refused, 'application' | 'code' | 'detail' | 'errors' | 'refusedAt' | 'times'> = {
    id: refusedIdOf('bridge', name, route.from, message.id),
    from: 'bridge',
    bridge: name,
    message: { topic: route.from, id: message.id },
    topic: route.topic,
    eventId: message.id,
  };
  return about;
}

/** A failure here is harmless: the message comes again, and is a duplicate then. */
async function settle(
  tools: BringTools,
  { name }: BridgeLine,
  message: SourceMessage,
  end: End,
): Promise<void> {
  const failure = end === 'again' ? await message.giveBack() : await message.acknowledge();
  if (failure === undefined) return;
  tools.log('warn', 'A source could not be told what became of a message, and gives it again', {
    bridge: name,
    sourceMessage: message.id,
    end,
    detail: failure.message,
  });
}
