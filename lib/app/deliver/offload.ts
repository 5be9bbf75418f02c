import { breakerOf } from '../../core/breaker/breaker.ts';
import {
  floodingType,
  movedMessage,
  nothingObserved,
  type Observed,
  type Offload,
  type OffloadEvent,
  observe,
  placeOf,
  reduceOffload,
} from '../../core/deliver/offload.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { Lane } from '../../core/kernel/place.ts';
import { isFlowing } from '../../core/registry/flow.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import type { Queues } from '../../runtime/aws/queues.ts';
import type { Watches } from '../../runtime/aws/watches.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Random } from '../../runtime/random.ts';
import type { BreakerStore } from '../../runtime/stores/breakers.ts';
import type { RegistryStore } from '../../runtime/stores/registry.ts';
import type { PollingTools } from '../registry/polling.ts';
import type { Attempted } from './attempt.ts';
import type { Decision } from './decision.ts';
import { held } from './decision.ts';
import type { Batch } from './settle.ts';

export interface OffloadTools extends PollingTools {
  readonly registry: RegistryStore;
  readonly queues: Queues;
  readonly breakers: BreakerStore;
  readonly offloadWatches: Watches;
  /** What this instance has seen of each receiver's online lane. */
  readonly observed: Map<string, Observed>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What looks after the offline lane needs no endpoint and no memory. */
export type LookTools = Omit<OffloadTools, 'observed' | 'random'>;

/** What is known of a receiver's hot types. When it cannot be read, all stays where it is, as if there were none. */
export async function hotTypes(tools: OffloadTools, receiver: string): Promise<Offload | undefined> {
  try {
    return await tools.offloads.cached(receiver);
  } catch (error) {
    tools.log('warn', 'Hot types could not be read', { receiver, reason: String(error) });
    return undefined;
  }
}

/** Parts a batch into what is to be delivered from its lane, and what goes to the other lane or waits. */
export async function placeBatch(
  tools: OffloadTools,
  batch: Batch,
  offload: Offload | undefined,
  messages: readonly ReceivedMessage[],
): Promise<{ placed: Decision[]; messages: readonly ReceivedMessage[] }> {
  const { receiver, role: lane } = batch;
  // Out of the ordered lane an event would lose its order.
  if (lane === 'ordered' || (offload === undefined && lane === 'online')) return { placed: [], messages };
  const nowMs = tools.clock.now();
  const stays: ReceivedMessage[] = [];
  const moving: ReceivedMessage[] = [];
  const placed: Decision[] = [];
  for (const message of messages) {
    const placing = placeOf(offload, lane, message.attributes.type ?? '', nowMs);
    if (placing.kind === 'stays') stays.push(message);
    else if (placing.kind === 'moves') moving.push(message);
    else placed.push(held(tools, message, placing.waitSeconds));
  }
  placed.push(...(await move(tools, receiver, lane === 'online' ? 'offline' : 'online', moving)));
  return { placed, messages: stays };
}

/** Puts messages into the other lane. One that is not taken there stays where it is for some seconds. */
async function move(
  tools: OffloadTools,
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
    return held(tools, message, bus.ownFaultSeconds);
  });
}

/** Takes note of what a batch of the online lane was about, and sends a type that floods it to the offline lane. */
export async function observeBatch(
  tools: OffloadTools,
  receiver: Receiver,
  batch: {
    readonly startedMs: number;
    readonly messages: readonly ReceivedMessage[];
    readonly attempts: readonly Attempted[];
  },
): Promise<void> {
  const { receiver: name } = receiver;
  const nowMs = tools.clock.now();
  const busyMs = new Map<string, number>();
  for (const { eventType, latencyMs } of batch.attempts) {
    // A post that took no measurable time still took its place.
    busyMs.set(eventType, (busyMs.get(eventType) ?? 0) + Math.max(1, latencyMs));
  }
  const firsts = batch.messages.filter(({ receives }) => receives === 1);
  const observed = observe(tools.observed.get(name) ?? nothingObserved, {
    endedMs: nowMs,
    durationMs: nowMs - batch.startedMs,
    busyMs,
    messages: batch.messages.length,
    waitedMs: Math.max(0, ...firsts.map(({ sentAtMs }) => batch.startedMs - sentAtMs)),
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

/** Whatever breaks off, the watch puts right: it is there before the row says that the type is hot. */
async function openOffline(tools: OffloadTools, receiver: string, type: string): Promise<void> {
  const { changed } = await change(tools, receiver, { kind: 'flooded', type }, () =>
    tools.offloadWatches.start(receiver),
  );
  if (changed) await pollOffline(tools, receiver);
}

/** Polls the offline lane, unless the receiver stands still or its breaker has stopped the polling. */
async function pollOffline(tools: LookTools, name: string): Promise<void> {
  const receiver = await tools.registry.receiver(name);
  if (receiver === undefined || !isFlowing(receiver)) return;
  const breaker = breakerOf(await tools.breakers.read(name), receiver.endpoint);
  if (breaker.kind === 'forced-open' || (breaker.kind === 'open' && breaker.mappingStopped)) return;
  await tools.mappings.setEnabled(name, 'offline', true);
}

/**
 * Looks whether the hot types of a receiver cooled, and closes its offline lane when that is empty. Called every
 * minute for as long as the lane is open; it puts right whatever broke off between two steps.
 */
export async function lookAfterOffload(tools: LookTools, name: string): Promise<void> {
  const receiver = await tools.registry.receiver(name);
  const kept = await tools.offloads.read(name);
  if (receiver === undefined || kept === undefined) return await tools.offloadWatches.stop(name);
  const counted = await tools.queues.count({ receiver: name, role: 'offline' });
  const { changed, offload } = await change(tools, name, { kind: 'counted', ...counted });
  // A lane that is to be closed is polled for one minute more, for what may have gone there in the last moment.
  if (offload?.closing && !changed) return await closeOffline(tools, name, offload);
  await pollOffline(tools, name);
}

/** The row last: a type that becomes hot meanwhile changes it, and is seen by that. */
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
      tellChange(tools.log, receiver, before, offload);
      return { changed: true, offload };
    }
  }
  throw new Error(`The hot types of ${receiver} change faster than they can be written`);
}

function tellChange(
  log: Log,
  receiver: string,
  before: Offload | undefined,
  offload: Offload | undefined,
): void {
  for (const [type, { untilMs }] of Object.entries(offload?.hot ?? {})) {
    const known = before?.hot[type];
    if (known === undefined) log('warn', 'A type is hot', { receiver, type });
    else if (known.untilMs === undefined && untilMs !== undefined)
      log('info', 'A type cooled', { receiver, type });
  }
}
