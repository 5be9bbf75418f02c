import type { Receiver } from '../core/registry.ts';
import type { Mappings } from '../runtime/mappings.ts';
import type { RegistryStore } from '../runtime/stores/registry.ts';

/**
 * Starts or stops the polling of a receiver's lane as its state in the registry says. Of two changes at the same time
 * the later one at AWS need not be the later one in the registry, so that each looks again.
 */
export async function followState(
  tools: { readonly registry: RegistryStore; readonly mappings: Mappings },
  receiver: Receiver,
): Promise<void> {
  let followed = receiver;
  for (;;) {
    await tools.mappings.setEnabled(receiver.receiver, isActive(followed));
    const current = await tools.registry.receiver(receiver.receiver);
    if (current === undefined || isActive(current) === isActive(followed)) return;
    followed = current;
  }
}

const isActive = ({ state }: Receiver) => state === 'active';
