import { owns, type Principal } from '../../core/access/access.ts';
import type { ShownBreaker } from '../../core/breaker/breaker.ts';
import {
  countedSeconds,
  deadLettersCounted,
  latelySeconds,
  receiversCounted,
} from '../../core/overview/limits.ts';
import type { Signs } from '../../core/overview/rank.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { receiverThing } from '../../core/statistics/counts.ts';
import { keysBetween } from '../../core/statistics/steps.ts';
import type { Tools } from '../../runtime/tools.ts';
import { nowOf, type ReceiverNow, type ReceiverStatisticsTools } from '../statistics/receiver.ts';

export type LookTools = ReceiverStatisticsTools & Tools<'seen' | 'redrives'>;

/** A receiver that is not well. */
export interface ReceiverInTrouble {
  readonly receiver: string;
  readonly owner: string;
  readonly state: Receiver['state'];
  readonly stateReason?: string;
  readonly breaker: ShownBreaker['state'];
  readonly breakerForced?: true;
  readonly breakerSince?: string;
  readonly breakerReason?: string;
  readonly backlogHigh?: true;
  /** Of the last quarter of an hour. */
  readonly delivered: number;
  readonly failed: number;
  readonly deadLetteredLately: number;
  /** How it is now, as of a minute ago at most; only of the worst. */
  readonly now?: Omit<ReceiverNow, 'breaker' | 'paused'>;
  readonly redrive?: { readonly id: string; readonly state: 'running' | 'halted' };
}

/** What an instance remembers of a receiver. */
interface Look {
  readonly receiver: Receiver;
  readonly delivered: number;
  readonly failed: number;
  readonly deadLettered: number;
  readonly now: ReceiverNow | undefined;
}

/** What there is to say of receivers, in their order; nothing of those that are gone, or have another owner. */
export async function showTroubled(
  tools: LookTools,
  principal: Principal,
  worst: readonly Signs[],
): Promise<ReceiverInTrouble[]> {
  const shown = await Promise.all(
    worst.map(async (signs, rank) => {
      const look = await lookAt(tools, signs, rank < receiversCounted);
      if (look === undefined || look.receiver.owner !== signs.owner) return [];
      if (!owns(principal, look.receiver.owner)) return [];
      return [show(signs, look)];
    }),
  );
  return shown.flat();
}

/** Whatever changes of its state is looked at anew at once; the rest after a minute. */
function lookAt(tools: LookTools, signs: Signs, isCounted: boolean): Promise<Look | undefined> {
  const { owner, receiver: name, breaker, stopped } = signs;
  const state = [owner, name, breaker?.kind, breaker?.sinceMs, stopped?.state, isCounted].join(' ');
  return tools.seen.get(`receiver ${state}`, () => look(tools, name, isCounted), countedSeconds);
}

async function look(tools: LookTools, name: string, isCounted: boolean): Promise<Look | undefined> {
  const receiver = await tools.registry.receiver(name);
  if (receiver === undefined) return undefined;
  const nowMs = tools.clock.now();
  const [minutes, now] = await Promise.all([
    tools.statistics.read(
      receiverThing(receiver),
      ...keysBetween(60, nowMs - latelySeconds * 1000, nowMs + 1),
    ),
    isCounted ? nowOf(tools, receiver, deadLettersCounted) : undefined,
  ]);
  const sum = (what: string) => minutes.reduce((total, { counts }) => total + (counts[what] ?? 0), 0);
  return {
    receiver,
    delivered: sum('delivered'),
    failed: sum('failed'),
    deadLettered: sum('deadLettered'),
    now,
  };
}

function show(signs: Signs, { receiver, now, ...lately }: Look): ReceiverInTrouble {
  const { owner, breaker, stopped, redrive, isBacklogHigh } = signs;
  const { breaker: _, paused: __, ...counted } = now ?? { breaker: undefined, paused: undefined };
  return {
    receiver: signs.receiver,
    owner,
    state: stopped?.state ?? 'active',
    ...(stopped !== undefined && { stateReason: stopped.reason }),
    breaker: breaker === undefined ? 'closed' : breaker.kind === 'half-open' ? 'half-open' : 'open',
    ...(breaker?.kind === 'forced-open' && { breakerForced: true as const }),
    ...(breaker !== undefined && {
      breakerSince: new Date(breaker.sinceMs).toISOString(),
      breakerReason: breaker.reason,
    }),
    ...(isBacklogHigh === true && { backlogHigh: true as const }),
    delivered: lately.delivered,
    // The rows of spans know what came since the last look.
    failed: Math.max(lately.failed, signs.failed),
    deadLetteredLately: Math.max(lately.deadLettered, signs.deadLettered),
    ...(now !== undefined && { now: counted as Omit<ReceiverNow, 'breaker' | 'paused'> }),
    ...(redrive !== undefined && { redrive }),
  };
}
