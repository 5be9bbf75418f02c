import {
  type Admission,
  admit,
  type Breaker,
  type BreakerEvent,
  type BreakerPolicy,
  breakerOf,
  breakerOpened,
  type Counts,
  defaultBreaker,
  reduceBreaker,
  shouldStopMapping,
} from '../../core/breaker/breaker.ts';
import { bus } from '../../core/kernel/limits.ts';
import { isFlowing } from '../../core/registry/flow.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { newsOfBreaker } from '../../core/system-event/news.ts';
import type { Watches } from '../../runtime/aws/watches.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Random } from '../../runtime/random.ts';
import type { BreakerStore } from '../../runtime/stores/breakers.ts';
import type { RegistryStore } from '../../runtime/stores/registry.ts';
import { type PollingTools, startPolling, stopPolling } from '../registry/polling.ts';

export interface BreakerTools extends PollingTools {
  readonly registry: RegistryStore;
  readonly breakers: BreakerStore;
  readonly probes: Watches;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The parts of a receiver that its breaker depends on. */
export type Guarded = Pick<Receiver, 'receiver' | 'endpoint' | 'breaker' | 'owner'>;

export function breakerPolicy({ breaker = {} }: Guarded): BreakerPolicy {
  return {
    probe: breaker.probe ?? defaultBreaker.probe,
    failureRate: breaker.failureRate ?? defaultBreaker.failureRate,
    windowSeconds: breaker.windowSeconds ?? defaultBreaker.windowSeconds,
    minimumAttempts: breaker.minimumAttempts ?? defaultBreaker.minimumAttempts,
  };
}

/** What the breaker lets a batch do now, by what this instance read up to a few seconds ago. */
export async function admission(tools: BreakerTools, receiver: Guarded): Promise<Admission> {
  try {
    const kept = await tools.breakers.cached(receiver.receiver);
    return admit(breakerOf(kept, receiver.endpoint), tools.clock.now());
  } catch (error) {
    // Going on could spend attempts on an endpoint that is known to be down.
    const reason = String(error);
    tools.log('warn', 'A breaker could not be read', { receiver: receiver.receiver, reason });
    return { kind: 'none', waitSeconds: bus.ownFaultSeconds };
  }
}

/** How often a change is decided anew when another invocation changes the breaker at the same time. */
const roundsMax = 4;

/** Lets an event change the breaker. Of several invocations that see the same event, one writes the change. */
export async function changeBreaker(
  tools: BreakerTools,
  receiver: Guarded,
  event: BreakerEvent,
): Promise<{ readonly changed: boolean; readonly before: Breaker; readonly breaker: Breaker }> {
  const { receiver: name, endpoint } = receiver;
  const context = { policy: breakerPolicy(receiver), endpoint, random: tools.random.next() };
  let kept = await tools.breakers.cached(name);
  for (let round = 1; ; round++) {
    const before = breakerOf(kept, endpoint);
    const breaker = reduceBreaker(before, event, { ...context, nowMs: tools.clock.now() });
    if (breaker === before) return { changed: false, before, breaker };
    // What is kept is what was told, also where it is of another endpoint.
    const reports = newsOfBreaker(receiver, kept ?? before, breaker, tools.clock.now());
    if (await tools.breakers.swap(name, kept, breaker, reports, receiver.owner)) {
      logChange(tools.log, name, before, breaker);
      return { changed: true, before, breaker };
    }
    if (round === roundsMax) throw new Error(`The breaker of ${name} changes faster than it can be written`);
    kept = await tools.breakers.read(name);
  }
}

function logChange(log: Log, receiver: string, before: Breaker, breaker: Breaker): void {
  if (before.kind === breaker.kind) return;
  const opened = breaker.kind === 'forced-open' || (breaker.kind === 'open' && before.kind === 'closed');
  log(
    opened ? 'error' : breaker.kind === 'open' ? 'warn' : 'info',
    opened ? breakerOpened : `A breaker is ${breaker.kind}`,
    { receiver, from: before.kind, reason: breaker.reason },
  );
}

/**
 * Counts the outcomes of a batch, and opens the breaker or lets more through.
 * @param isQuiet whether nothing but deliveries of system events failed.
 */
export async function countAttempts(
  tools: BreakerTools,
  receiver: Guarded,
  admitted: Admission,
  counts: Counts,
  { cause, isQuiet }: { readonly cause: string; readonly isQuiet: boolean },
): Promise<void> {
  if (admitted.kind === 'some') {
    return await changeAndFollow(tools, receiver, { kind: 'batch-ended', counts, cause, isQuiet });
  }
  const { windowSeconds } = breakerPolicy(receiver);
  const window = await tools.breakers.count(receiver.receiver, windowSeconds, counts);
  if (window !== undefined)
    await changeBreaker(tools, receiver, { kind: 'counted', counts: window, cause, isQuiet });
}

/** Lets an event change the breaker, and starts or stops polling as the new state requires. */
export async function changeAndFollow(
  tools: BreakerTools,
  receiver: Guarded,
  event: BreakerEvent,
): Promise<void> {
  const { before, breaker } = await changeBreaker(tools, receiver, event);
  await followBreaker(tools, receiver, before, breaker);
}

/**
 * Stops polling the lanes while a breaker stays open, and starts again afterwards. Each step may break off: the schedule is
 * created before polling stops and deleted after it has started, and in between it repairs what broke off.
 */
export async function followBreaker(
  tools: BreakerTools,
  receiver: Guarded,
  before: Breaker,
  breaker: Breaker,
): Promise<void> {
  const { receiver: name } = receiver;
  if (shouldStopMapping(breaker)) {
    await tools.probes.start(name);
    await stopPolling(tools, name);
    await changeBreaker(tools, receiver, { kind: 'mapping-stopped' });
    return;
  }
  const wasStopped = (before.kind === 'open' && before.mappingStopped) || before.kind === 'forced-open';
  const flows = breaker.kind !== 'open' && breaker.kind !== 'forced-open';
  if (wasStopped && flows) await endOutage(tools, receiver);
}

/** Polls the lanes again, unless something other than the breaker stopped the polling, and deletes the schedule. */
export async function endOutage(tools: BreakerTools, receiver: Guarded): Promise<void> {
  const current = await tools.registry.receiver(receiver.receiver);
  if (current !== undefined && isFlowing(current)) await startPolling(tools, receiver.receiver);
  await tools.probes.stop(receiver.receiver);
}

/** Runs a step whose failure must not undo what was delivered: the failure is logged, and a later batch makes up for it. */
export async function logFailure<Answer>(
  tools: Pick<BreakerTools, 'log'>,
  { receiver }: Pick<Receiver, 'receiver'>,
  step: () => Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await step();
  } catch (error) {
    tools.log('error', 'A breaker could not be changed', { receiver, reason: String(error) });
    return undefined;
  }
}
