import type { Source, SourceFailure, SourceReader, SourceRoute } from '../../connectors/kind.ts';
import { bridgeFails } from '../../core/bridge/pressure.ts';
import { bus } from '../../core/kernel/limits.ts';
import { systemEvent } from '../../core/system-event/system-event.ts';
import { systemTopicName } from '../../core/system-event/topic.ts';
import { addRun, type BridgeRun, type BringTools, bring, emptyRun } from './bring.ts';
import { createPacer, type Pacer } from './pacer.ts';

/**
 * One run of a bridge, a minute at most: opens the source, publishes what comes until it is time to stop, and closes
 * it. All of it happens within one invocation, because clients have timers that a frozen sandbox breaks. Two runs at a
 * time are harmless: a source gives no message to both.
 * @param remainingMs how long the invocation may take.
 */
export async function runBridge(
  tools: BringTools,
  name: string,
  source: Source,
  remainingMs: number,
): Promise<BridgeRun> {
  const total = emptyRun();
  const startMs = tools.clock.now();
  // What is under way at the end has as long as the timeout of the function leaves it beyond a run.
  const graceMs = 1000 * (bus.bridgeTimeoutSeconds - bus.bridgeRunSeconds);
  const endMs = startMs + Math.min(1000 * bus.bridgeRunSeconds, Math.max(0, remainingMs - graceMs));
  const ready = await readyRoutes(tools, name, source);
  if (ready.length === 0) return total;
  const opened = await source.open(ready);
  if (opened.kind === 'failure') {
    await report(tools, name, source, undefined, opened);
    return total;
  }
  const { reader } = opened;
  try {
    const lanes = ready.flatMap((route) => {
      const pacer = createPacer(source, endMs, tools.clock);
      return Array.from({ length: source.parallel }, () => ({ route, pacer }));
    });
    await Promise.all(
      lanes.map(async ({ route, pacer }) => {
        addRun(total, await pump(tools, { name, source, reader, pacer, endMs }, route));
      }),
    );
  } finally {
    await reader.close();
  }
  if (Object.values(total).some((count) => count > 0)) {
    tools.log('info', 'A bridge brought messages', { bridge: name, ...total });
  }
  return total;
}

interface Line {
  readonly name: string;
  readonly source: Source;
  readonly reader: SourceReader;
  readonly pacer: Pacer;
  readonly endMs: number;
}

/** Brings batch after batch of one route, until the time is over or going on is useless. */
async function pump(tools: BringTools, line: Line, route: SourceRoute): Promise<BridgeRun> {
  const { name, source, reader, pacer, endMs } = line;
  const total = emptyRun();
  while (await pacer.mayReceive()) {
    const leftSeconds = Math.floor((endMs - tools.clock.now()) / 1000);
    const answer = await reader.receive(route, Math.min(bus.bridgePollSeconds, leftSeconds));
    if (answer.kind === 'failure') {
      await report(tools, name, source, `Messages of ${route.from} could not be received`, answer);
      if (answer.permanent) break;
      pacer.hadTrouble();
      continue;
    }
    if (answer.messages.length === 0) continue;
    const beganMs = tools.clock.now();
    const batch = await bring(tools, { name, route, trustsSources: source.trustsSources }, answer.messages);
    pacer.hadBatch({ tookMs: tools.clock.now() - beganMs, notTaken: batch.again });
    addRun(total, batch);
  }
  return total;
}

/**
 * The routes whose topic of the bus exists. Nothing is received for the others: each message would be refused for
 * something that no message is to blame for.
 */
async function readyRoutes(tools: BringTools, name: string, source: Source): Promise<SourceRoute[]> {
  const routes = await Promise.all(
    source.routes.map(async (route) => {
      const { from, topic } = route;
      // It throws where the table cannot be reached, and then nothing is received either.
      const isOurs = topic === systemTopicName;
      if (!isOurs && (await tools.registry.cachedTopic(topic)) !== undefined) return route;
      tools.log('error', bridgeFails, {
        bridge: name,
        detail: isOurs
          ? `The topic ${topic} carries the events of the bus itself. Give the messages of ${from} another topic.`
          : `There is no topic ${topic} for the messages of ${from}. Create it with PUT /v1/topics/${topic}.`,
      });
      await tell(tools, name, 'unknown-topic');
      return undefined;
    }),
  );
  return routes.filter((route) => route !== undefined);
}

/** What may pass by itself is a warning; what will not is an alarm. */
async function report(
  tools: BringTools,
  name: string,
  { address }: Source,
  problem: string | undefined,
  { failure, alarming, message }: SourceFailure,
): Promise<void> {
  const detail = problem === undefined ? message : `${problem}: ${message}`;
  const fields = { bridge: name, endpoint: address, detail, failure };
  if (!alarming) return tools.log('warn', 'A bridge was held up', fields);
  tools.log('error', bridgeFails, fields);
  await tell(tools, name, failure);
}

/** Tells admins, to whom bridges belong. */
async function tell(tools: BringTools, bridge: string, failure: string): Promise<void> {
  const counts = { [failure]: 1 };
  const event = systemEvent('busbar.bridge.failing', bridge, [], { bridge }, tools.clock.now(), counts);
  try {
    await tools.systemEvents.report(event);
  } catch (error) {
    // The line of the log is counted by an alarm.
    tools.log('error', 'A system event could not be stored', { type: event.type, reason: String(error) });
  }
}
