import { breakerOf } from '../../core/breaker/breaker.ts';
import {
  floodingType,
  hotTypeOf,
  movedMessage,
  nothingObserved,
  type Offload,
  type OffloadEvent,
  observe,
  placeOf,
  reduceOffload,
} from '../../core/deliver/offload.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { Lane } from '../../core/kernel/place.ts';
import { isFlowing } from '../../core/registry/flow.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import { type BatchContext, type Decision, type DeliverTools, postpone } from './batch.ts';

/** What looks after the offline lane. */
type LookTools = Pick<
  DeliverTools,
  'registry' | 'breakers' | 'offloads' | 'offloadWatches' | 'mappings' | 'queues' | 'clock' | 'log'
>;

/** The hot types of a receiver. When they cannot be read, every message stays where it is, as if there were none. */
async function hotTypes(
  tools: Pick<DeliverTools, 'offloads' | 'log'>,
  receiver: string,
): Promise<Offload | undefined> {
  try {
    return await tools.offloads.cached(receiver);
  } catch (error) {
    tools.log('warn', 'Hot types could not be read', { receiver, reason: String(error) });
    return undefined;
  }
}

/** Moves the messages that belong into the other lane there, and postpones those that wait between the lanes. */
export async function placeHotTypes(
  tools: Pick<DeliverTools, 'offloads' | 'queues' | 'clock' | 'random' | 'log'>,
  context: BatchContext,
): Promise<void> {
  const { receiver, role: lane } = context.batch;
  const offload = await hotTypes(tools, receiver);
  context.offload = offload;
  // Out of the ordered lane an event would lose its order.
  if (lane === 'ordered' || (offload === undefined && lane === 'online')) return;
  const nowMs = tools.clock.now();
  const stays: ReceivedMessage[] = [];
  const moving: ReceivedMessage[] = [];
  for (const message of context.open) {
    const placing = placeOf(offload, lane, message.attributes.type ?? '', nowMs);
    if (placing.kind === 'stays') stays.push(message);
    else if (placing.kind === 'moves') moving.push(message);
    else context.decisions.push(postpone(tools, message, placing.waitSeconds));
  }
  const other = lane === 'online' ? 'offline' : 'online';
  context.decisions.push(...(await move(tools, receiver, other, moving)));
  context.open = stays;
}

/** Moves messages to the other lane. One that the lane does not take is postponed. */
async function move(
  tools: Pick<DeliverTools, 'queues' | 'random' | 'log'>,
  receiver: string,
  role: Lane,
  messages: readonly ReceivedMessage[],
): Promise<Decision[]> {
  if (messages.length === 0) return [];
  const failures = await tools.queues.send({ receiver, role }, messages.map(movedMessage));
  return messages.map((message, index) => {
    const failure = failures[index];
    if (failure === undefined) return { message, done: true };
    tools.log('warn', 'A message could not be moved to the other lane', {
      receiver,
      lane: role,
      reason: failure.reason,
    });
    return postpone(tools, message, bus.ownFaultSeconds);
  });
}

/** Notes what a batch of the online lane was about, and sends a type that floods the lane to the offline lane. */
export async function observeBatch(
  tools: LookTools & Pick<DeliverTools, 'observed'>,
  { receiver, startedMs, due, attempts }: BatchContext,
): Promise<void> {
  const { receiver: name } = receiver;
  const nowMs = tools.clock.now();
  const busyMs = new Map<string, number>();
  for (const { eventType, latencyMs } of attempts) {
    // A post that took no measurable time still occupied a slot.
    busyMs.set(eventType, (busyMs.get(eventType) ?? 0) + Math.max(1, latencyMs));
  }
  // What went to the other lane is not among them: it took nothing from this one.
  const messages = due.map(({ message }) => message);
  const firsts = messages.filter(({ receives }) => receives === 1);
  const observed = observe(tools.observed.get(name) ?? nothingObserved, {
    endedMs: nowMs,
    durationMs: nowMs - startedMs,
    busyMs,
    messages: messages.length,
    waitedMs: Math.max(0, ...firsts.map(({ sentAtMs }) => startedMs - sentAtMs)),
  });
  tools.observed.set(name, observed);
  const type = floodingType(observed, receiver);
  if (type === undefined) return;
  tools.observed.set(name, { ...observed, batches: [] });
  try {
    await openOffline(tools, name, type);
  } catch (error) {
    // Thrown on, it would bring back what this batch delivered; the flood is seen again.
    tools.log('error', 'A hot type could not be sent to the offline lane', {
      receiver: name,
      type,
      reason: String(error),
    });
  }
}

/** The watch exists before the row says that the type is hot, and repairs whatever breaks off. */
async function openOffline(tools: LookTools, receiver: string, type: string): Promise<void> {
  const { changed } = await change(tools, receiver, { kind: 'flooded', type }, () =>
    tools.offloadWatches.start(receiver),
  );
  if (changed) await pollOffline(tools, receiver);
}

/** Polls the offline lane, unless the receiver is not flowing or its breaker has stopped the polling. */
async function pollOffline(tools: LookTools, name: string): Promise<void> {
  const receiver = await tools.registry.receiver(name);
  if (receiver === undefined || !isFlowing(receiver)) return;
  const breaker = breakerOf(await tools.breakers.read(name), receiver.endpoint);
  if (breaker.kind === 'forced-open' || (breaker.kind === 'open' && breaker.mappingStopped)) return;
  await tools.mappings.setEnabled(name, 'offline', true);
}

/**
 * Checks whether the hot types of a receiver have cooled, and closes its offline lane once that is empty. Called every
 * minute while the lane is open; repairs whatever broke off between two steps.
 */
export async function lookAfterOffload(tools: LookTools, name: string): Promise<void> {
  const receiver = await tools.registry.receiver(name);
  const kept = await tools.offloads.read(name);
  if (receiver === undefined || kept === undefined) return await tools.offloadWatches.stop(name);
  const counted = await tools.queues.count({ receiver: name, role: 'offline' });
  const { changed, offload } = await change(tools, name, { kind: 'counted', ...counted });
  // Before a lane is closed it is polled for one more minute, for messages that went there in the last moment.
  if (offload?.closing && !changed) return await closeOffline(tools, name, offload);
  await pollOffline(tools, name);
}

/** The row last: a type that becomes hot meanwhile changes it, which the condition of the write detects. */
async function closeOffline(tools: LookTools, receiver: string, closing: Offload): Promise<void> {
  await tools.mappings.setEnabled(receiver, 'offline', false);
  await tools.offloadWatches.stop(receiver);
  if (await tools.offloads.swap(receiver, closing, undefined)) {
    tools.log('info', 'An offline lane is closed', { receiver });
    return;
  }
  await tools.offloadWatches.start(receiver);
  await pollOffline(tools, receiver);
}

/** How often a change is decided anew when another invocation changes the row at the same time. */
const roundsMax = 4;

async function change(
  tools: LookTools,
  receiver: string,
  event: OffloadEvent,
  beforehand: () => Promise<void> = async () => undefined,
): Promise<{ readonly changed: boolean; readonly offload: Offload | undefined }> {
  for (let round = 1; round <= roundsMax; round++) {
    const before = await tools.offloads.read(receiver);
    const offload = reduceOffload(before, event, tools.clock.now());
    if (offload === before) return { changed: false, offload };
    await beforehand();
    if (await tools.offloads.swap(receiver, before, offload)) {
      logChange(tools.log, receiver, before, offload);
      return { changed: true, offload };
    }
  }
  throw new Error(`The hot types of ${receiver} change faster than they can be written`);
}

function logChange(
  log: LookTools['log'],
  receiver: string,
  before: Offload | undefined,
  offload: Offload | undefined,
): void {
  for (const [type, { untilMs }] of Object.entries(offload?.hot ?? {})) {
    const known = hotTypeOf(before, type);
    if (known === undefined) log('warn', 'A type is hot', { receiver, type });
    else if (known.untilMs === undefined && untilMs !== undefined)
      log('info', 'A type cooled', { receiver, type });
  }
}
