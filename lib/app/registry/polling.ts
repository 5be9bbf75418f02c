import { BusbarError } from '../../core/kernel/errors.ts';
import { isFlowing } from '../../core/registry/flow.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Watches } from '../../runtime/aws/watches.ts';
import type { Log } from '../../runtime/log.ts';
import type { RegistryStore } from '../../runtime/stores/registry.ts';
import type { Parts } from '../../runtime/tools.ts';

/** The lanes that events enter first; not every receiver has both. */
export const entryLanes = ['online', 'ordered'] as const;

export type PollingTools = Parts<'mappings' | 'offloads'>;

/** Starts consuming a receiver's lanes; the offline lane only while types are hot or events are left in it. */
export async function startPolling(tools: PollingTools, receiver: string): Promise<void> {
  for (const lane of entryLanes) await tools.mappings.setEnabled(receiver, lane, true);
  const offload = await tools.offloads.read(receiver);
  if (offload !== undefined && !offload.closing) {
    await tools.mappings.setEnabled(receiver, 'offline', true);
  }
}

/** Stops consuming a receiver's lanes; the messages in them wait. */
export async function stopPolling(tools: Pick<PollingTools, 'mappings'>, receiver: string): Promise<void> {
  for (const lane of entryLanes) await tools.mappings.setEnabled(receiver, lane, false);
  await tools.mappings.setEnabled(receiver, 'offline', false);
}

/**
 * Starts or stops consuming a receiver's lanes, as its state in the registry says. Of two concurrent changes the later
 * one at AWS need not be the later one in the registry, so each looks again.
 */
export async function followState(
  tools: PollingTools & { readonly registry: RegistryStore },
  receiver: Receiver,
): Promise<void> {
  let followed = receiver;
  for (;;) {
    await (isFlowing(followed) ? startPolling : stopPolling)(tools, receiver.receiver);
    const current = await tools.registry.receiver(receiver.receiver);
    if (current === undefined || isFlowing(current) === isFlowing(followed)) return;
    followed = current;
  }
}

/**
 * The same, at once or, while AWS still carries out an earlier change of the receiver, within minutes by the schedule that
 * looks after receivers. The registry says already what holds: until then, what a receiver that stands still receives is
 * parked, and what one that flows again receives waits.
 * @returns whether it was at once; otherwise that schedule must stay.
 */
export async function followSoon(
  tools: PollingTools & {
    readonly registry: RegistryStore;
    readonly validations: Watches;
    readonly log: Log;
  },
  receiver: Receiver,
): Promise<boolean> {
  try {
    await followState(tools, receiver);
    return true;
  } catch (error) {
    if (!(error instanceof BusbarError) || error.code !== 'conflict') throw error;
    await tools.validations.start(receiver.receiver);
    tools.log('warn', 'Polling follows later', { receiver: receiver.receiver, reason: error.message });
    return false;
  }
}
