import { type Principal, requireOwner } from '../../core/access/access.ts';
import { paused, resumed, type SkipSpec, skipOf } from '../../core/registry/flow.ts';
import { showReceiver } from '../../core/registry/kinds.ts';
import type { Drop, Receiver } from '../../core/registry/receiver.ts';
import type { Tools } from '../../runtime/tools.ts';
import type { AdminTools } from './admin.ts';
import { followSoon, type PollingTools } from './polling.ts';
import { changeOwnReceiver, findReceiver } from './receivers.ts';

export type FlowTools = AdminTools & PollingTools & Tools<'skips' | 'pauseWatches' | 'validations'>;

/** A receiver as the API shows it, with how many deliveries its skip and revocations have dropped so far. */
export type ShownReceiver = Omit<ReturnType<typeof showReceiver>, 'skip' | 'drops'> & {
  readonly skip?: { readonly before: string; readonly at: string; readonly dropped: number };
  readonly drops?: readonly (Drop & { readonly dropped: number })[];
};

/** @throws BusbarError unknown_receiver, forbidden. */
export async function ownReceiver(
  tools: Pick<AdminTools, 'registry'>,
  principal: Principal,
  name: string,
): Promise<Receiver> {
  const receiver = await findReceiver(tools, name);
  requireOwner(principal, receiver.owner, `The receiver ${name}`);
  return receiver;
}

async function showWithSkip(
  tools: Pick<FlowTools, 'skips' | 'sinks' | 'clock'>,
  receiver: Receiver,
): Promise<ShownReceiver> {
  const { skip, drops, ...shown } = showReceiver(tools.sinks, receiver, tools.clock.now());
  const counted = async <By extends NonNullable<typeof skip> | Drop>(by: By) => ({
    ...by,
    dropped: await tools.skips.dropped(receiver.receiver, by),
  });
  return {
    ...shown,
    ...(skip !== undefined && { skip: await counted(skip) }),
    ...(drops !== undefined && { drops: await Promise.all(drops.map(counted)) }),
  };
}

export async function getReceiver(
  tools: Pick<FlowTools, 'registry' | 'skips' | 'sinks' | 'clock'>,
  principal: Principal,
  name: string,
): Promise<ShownReceiver> {
  return await showWithSkip(tools, await ownReceiver(tools, principal, name));
}

/** Stops consuming a receiver's queues; its events wait there, for up to their 14 days. */
export async function pauseReceiver(
  tools: FlowTools,
  principal: Principal,
  name: string,
): Promise<ShownReceiver> {
  const receiver = await changeOwnReceiver(tools, principal, name, (was) =>
    was.state === 'paused' ? was : paused(was, principal.application, tools.clock.now()),
  );
  // A receiver that was created over the API has no alarm.
  if (receiver.declared) await tools.pauseWatches.start(name);
  // Last, because it is slow: until then each received message is parked.
  await followSoon(tools, receiver);
  return await showWithSkip(tools, receiver);
}

/** Resumes a receiver that was paused, or disabled by a 410. */
export async function resumeReceiver(
  tools: FlowTools,
  principal: Principal,
  name: string,
): Promise<ShownReceiver> {
  const receiver = await changeOwnReceiver(tools, principal, name, resumed);
  await followSoon(tools, receiver);
  return await showWithSkip(tools, receiver);
}

/**
 * Drops what entered the receiver's lanes before a point in time. A message is dropped when it is received: until then,
 * one that waits for a retry is out of reach. Dropped messages are counted.
 */
export async function skipEvents(
  tools: FlowTools,
  principal: Principal,
  name: string,
  { before }: SkipSpec,
): Promise<ShownReceiver> {
  const skip = skipOf(before, tools.clock.now());
  const skipping = await changeOwnReceiver(tools, principal, name, (receiver) => ({ ...receiver, skip }));
  return await showWithSkip(tools, skipping);
}
