import type { Principal } from '../../core/access/access.ts';
import {
  breakerOf,
  type ForceBreakerSpec,
  type ShownBreaker,
  showBreaker,
} from '../../core/breaker/breaker.ts';
import { type ShownOffload, showOffload } from '../../core/deliver/offload.ts';
import { isRunOf, showRedrive } from '../../core/redrive/redrive.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type FlowTools, getReceiver, ownReceiver, type ShownReceiver } from '../registry/flow.ts';
import { stopPolling } from '../registry/polling.ts';
import { type BreakerTools, changeBreaker, endOutage } from './breaker.ts';

/** The settings of a receiver's breaker, and its state. */
type BreakerShown = NonNullable<Receiver['breaker']> & ShownBreaker;

/** A receiver with its breaker, and its hot types and its latest redrive if there are any. @throws BusbarError unknown_receiver, forbidden. */
export async function getReceiverAndBreaker(
  tools: Pick<FlowTools, 'registry' | 'skips' | 'sinks' | 'offloads'> &
    Pick<BreakerTools, 'breakers' | 'clock'> &
    Tools<'redrives'>,
  principal: Principal,
  name: string,
): Promise<
  Omit<ShownReceiver, 'breaker'> & {
    breaker: BreakerShown;
    offload?: ShownOffload;
    redrive?: ReturnType<typeof showRedrive>;
  }
> {
  const receiver = await getReceiver(tools, principal, name);
  const [kept, hot, run] = await Promise.all([
    tools.breakers.read(name),
    tools.offloads.read(name),
    tools.redrives.find(name),
  ]);
  const offload = showOffload(hot, receiver, tools.clock.now());
  return {
    ...receiver,
    breaker: { ...receiver.breaker, ...showBreaker(breakerOf(kept, receiver.endpoint), tools.clock.now()) },
    ...(offload !== undefined && { offload }),
    ...(run !== undefined && isRunOf(run, receiver) && { redrive: showRedrive(run) }),
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
