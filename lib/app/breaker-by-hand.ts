import type { Principal } from '../core/access.ts';
import { breakerOf, forceBreakerSchema, type ShownBreaker, showBreaker } from '../core/breaker.ts';
import { parseSpec, type Receiver } from '../core/registry.ts';
import { type BreakerTools, changeBreaker, startPolling } from './breaker.ts';
import { type FlowTools, getReceiver, ownReceiver, type ShownReceiver } from './flow.ts';

/** What a receiver chose for its breaker, and how it stands. */
type BreakerShown = NonNullable<Receiver['breaker']> & ShownBreaker;

/** A receiver with its breaker. @throws BusbarError unknown_receiver, forbidden. */
export async function getReceiverAndBreaker(
  tools: Pick<FlowTools, 'registry' | 'skips' | 'clock'> & Pick<BreakerTools, 'breakers'>,
  principal: Principal,
  name: string,
): Promise<Omit<ShownReceiver, 'breaker'> & { breaker: BreakerShown }> {
  const receiver = await getReceiver(tools, principal, name);
  const kept = await tools.breakers.read(name);
  return {
    ...receiver,
    breaker: { ...receiver.breaker, ...showBreaker(breakerOf(kept, receiver.endpoint)) },
  };
}

/**
 * Forces a receiver's breaker open or closed, or gives it back. May be repeated: each call brings about the state,
 * the polling of the lane included.
 * @throws BusbarError unknown_receiver, forbidden, invalid_request, unavailable.
 */
export async function forceBreaker(
  tools: BreakerTools,
  principal: Principal,
  name: string,
  body: unknown,
): Promise<ShownBreaker> {
  const { state } = parseSpec(forceBreakerSchema, body);
  const receiver = await ownReceiver(tools, principal, name);
  // What this instance remembers may be seconds old, and the breaker may have opened since.
  await tools.breakers.read(name);
  const { breaker } = await changeBreaker(tools, receiver, {
    kind: 'forced',
    to: state,
    by: principal.application,
  });
  if (breaker.kind === 'forced-open') {
    await tools.mappings.setEnabled(name, false);
    await tools.probes.stop(name);
  } else if (breaker.kind !== 'open') {
    await startPolling(tools, receiver);
  }
  return showBreaker(breaker);
}
