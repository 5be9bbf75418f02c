import { admit, breakerOf } from '../../core/breaker/breaker.ts';
import type { Lane } from '../../core/kernel/place.ts';
import { isFlowing } from '../../core/registry/flow.ts';
import { breakerPolicy, endOutage } from '../breaker/breaker.ts';
import { entryLanes } from '../registry/polling.ts';
import type { DeliverTools } from './batch.ts';
import { deliver } from './deliver.ts';
import { probeByHead } from './probe-endpoint.ts';

/**
 * Looks after a receiver whose lanes are not polled because its breaker is open: probes its endpoint when a probe is due.
 * Called every few minutes while the breaker is open; repairs whatever broke off between two steps.
 */
export async function probe(tools: DeliverTools, name: string): Promise<void> {
  const receiver = await tools.registry.receiver(name);
  if (receiver === undefined) return await tools.probes.stop(name);
  const breaker = breakerOf(await tools.breakers.read(name), receiver.endpoint);
  // Opened by hand, it is closed by hand.
  if (breaker.kind === 'forced-open') return await tools.probes.stop(name);
  if (breaker.kind !== 'open') return await endOutage(tools, receiver);
  if (!isFlowing(receiver) || admit(breaker, tools.clock.now()).kind !== 'probe') return;
  if (breakerPolicy(receiver).probe === 'head') return await probeByHead(tools, receiver);

  const offload = await tools.offloads.read(name);
  const lanes: Lane[] = [...entryLanes, ...(offload === undefined ? [] : (['offline'] as const))];
  for (const role of lanes) {
    if (await probeLane(tools, { receiver: name, role })) return;
  }
}

/** Delivers a batch of a lane as the probe. False when the lane is empty: the next event is the probe. */
async function probeLane(
  tools: DeliverTools,
  lane: { readonly receiver: string; readonly role: Lane },
): Promise<boolean> {
  const messages = await tools.queues.receive(lane);
  if (messages.length === 0) return false;
  const kept = new Set(await deliver(tools, { ...lane, messages }));
  const done = messages.filter(({ messageId }) => !kept.has(messageId));
  for (const failure of await tools.queues.acknowledge(lane, done)) {
    // It comes again under the same delivery id.
    if (failure !== undefined)
      tools.log('warn', 'A probe could not be acknowledged', {
        receiver: lane.receiver,
        reason: failure.reason,
      });
  }
  return true;
}
