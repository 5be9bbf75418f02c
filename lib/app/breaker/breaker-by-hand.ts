import type { Principal } from '../../core/access/access.ts';
import {
  breakerOf,
  type ForceBreakerSpec,
  type ShownBreaker,
  showBreaker,
} from '../../core/breaker/breaker.ts';
import { type ShownOffload, showOffload } from '../../core/deliver/offload.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { type FlowTools, getReceiver, ownReceiver, type ShownReceiver } from '../registry/flow.ts';
import { stopPolling } from '../registry/polling.ts';
import { type BreakerTools, changeBreaker, endOutage } from './breaker.ts';

/** The settings of a receiver's breaker, and its state. */
type BreakerShown = NonNullable<Receiver['breaker']> & ShownBreaker;

/** A receiver with its breaker, and its hot types if it has any. @throws BusbarError unknown_receiver, forbidden. */
export async function getReceiverAndBreaker(
  tools: Pick<FlowTools, 'registry' | 'skips' | 'sinks' | 'offloads'> &
    Pick<BreakerTools, 'breakers' | 'clock'>,
  principal: Principal,
  name: string,
): Promise<Omit<ShownReceiver, 'breaker'> & { breaker: BreakerShown; offload?: ShownOffload }> {
  const receiver = await getReceiver(tools, principal, name);
  const kept = await tools.breakers.read(name);
  const offload = showOffload(await tools.offloads.read(name), receiver, tools.clock.now());
  return {
    ...receiver,
    breaker: { ...receiver.breaker, ...showBreaker(breakerOf(kept, receiver.endpoint), tools.clock.now()) },
    ...(offload !== undefined && { offload }),
  };
}

/**
 * Forces a receiver's breaker open or closed, or returns it to its own judgement. May be repeated: each call brings about
 * the state, including the polling of the lanes.
 * @throws BusbarError unknown_receiver, forbidden, invalid_request, unavailable.
 */
export async function forceBreaker(
  tools: BreakerTools,
  principal: Principal,
  name: string,
  { state }: ForceBreakerSpec,
): Promise<ShownBreaker> {
  const receiver = await ownReceiver(tools, principal, name);
  // The cached copy may be seconds old, and the breaker may have opened since.
  await tools.breakers.read(name);
  const { breaker } = await changeBreaker(tools, receiver, {
    kind: 'forced',
    to: state,
    by: principal.application,
  });
  if (breaker.kind === 'forced-open') {
    await stopPolling(tools, name);
    await tools.probes.stop(name);
  } else if (breaker.kind !== 'open') {
    await endOutage(tools, receiver);
  }
  return showBreaker(breaker, tools.clock.now());
}
