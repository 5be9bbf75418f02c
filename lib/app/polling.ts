import type { Mappings } from '../runtime/mappings.ts';
import type { OffloadStore } from '../runtime/stores/offloads.ts';

export interface PollingTools {
  readonly mappings: Mappings;
  readonly offloads: OffloadStore;
}

/** Starts to consume a receiver's lanes: the offline lane only while types are hot or events are left in it. */
export async function startPolling(tools: PollingTools, receiver: string): Promise<void> {
  await tools.mappings.setEnabled(receiver, 'online', true);
  if ((await tools.offloads.read(receiver)) !== undefined) {
    await tools.mappings.setEnabled(receiver, 'offline', true);
  }
}

/** Stops to consume them; what is in them waits. */
export async function stopPolling(tools: Pick<PollingTools, 'mappings'>, receiver: string): Promise<void> {
  await tools.mappings.setEnabled(receiver, 'online', false);
  await tools.mappings.setEnabled(receiver, 'offline', false);
}
