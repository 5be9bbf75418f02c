import { owns, type Principal } from '../../core/access/access.ts';
import { lifetimeOf } from '../../core/access/acting.ts';
import { covers } from '../../core/access/scopes.ts';
import { holdsShown, receiversShown, redrivesShown } from '../../core/overview/limits.ts';
import { type Signs, SignsByReceiver, worstFirst } from '../../core/overview/rank.ts';
import type { RedriveState } from '../../core/redrive/redrive.ts';
import type { PeriodQuery } from '../../core/statistics/period.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type LookTools, type ReceiverInTrouble, showTroubled } from './look.ts';
import { type OverviewPoint, overviewPoints } from './points.ts';

export type OverviewTools = LookTools & Tools<'attention' | 'highBacklogs' | 'holds' | 'requests'>;

export interface Overview {
  readonly points: readonly OverviewPoint[];
  /** Those that are not well, the worst first; at most twenty. */
  readonly receivers: readonly ReceiverInTrouble[];
  /** How many receivers are not well altogether. */
  readonly troubled: number;
  readonly holds: readonly OverviewHold[];
  readonly redrives: readonly OverviewRedrive[];
  /** Open requests. */
  readonly requests: { readonly toDecide: number; readonly made: number };
  /** Set when there is more than one call looks through: what is shown need not be the worst. */
  readonly partial?: true;
}

interface OverviewHold {
  readonly topic: string;
  readonly owner: string;
  readonly state: 'holding' | 'releasing';
  readonly by: 'hand' | 'rule';
  readonly since: string;
  readonly reason?: string;
  readonly released: number;
}

interface OverviewRedrive {
  readonly receiver: string;
  readonly owner: string;
  readonly id: string;
  readonly state: RedriveState;
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly total: number;
  readonly sent: number;
  readonly reason?: string;
}

/**
 * How the bus is: for an admin all of it, for others what their application owns, and for a member also what its children
 * own. It reads what is noted of the things that are not as they should be, and never all that there are, so its cost
 * does not grow with the bus.
 * @throws BusbarError invalid_request.
 */
export async function overview(
  tools: OverviewTools,
  principal: Principal,
  query: PeriodQuery,
): Promise<Overview> {
  const owners = ownersOf(principal);
  const [points, troubled, holds, redrives, requests] = await Promise.all([
    overviewPoints(tools, owners, query),
    troubledOf(tools, principal, owners),
    holdsOf(tools, principal, owners),
    redrivesOf(tools, principal, owners),
    requestsOf(tools, principal),
  ]);
  const isPartial = [troubled, holds, redrives, requests].some((part) => part.isPartial);
  return {
    points,
    receivers: await showTroubled(tools, principal, troubled.found.slice(0, receiversShown)),
    troubled: troubled.found.length,
    holds: holds.shown,
    redrives: redrives.shown,
    requests: { toDecide: requests.toDecide, made: requests.made },
    ...(isPartial && { partial: true as const }),
  };
}

/** The applications whose things a caller sees; undefined for all. */
function ownersOf({ role, application, children = [] }: Principal): readonly string[] | undefined {
  if (role === 'admin') return undefined;
  return role === 'member' ? [application, ...children] : [application];
}

async function troubledOf(
  tools: OverviewTools,
  principal: Principal,
  owners: readonly string[] | undefined,
): Promise<{ readonly found: Signs[]; readonly isPartial: boolean }> {
  const [failing, breakers, stopped, redrives, backlogs] = await Promise.all([
    tools.statistics.failing(),
    tools.attention.rows('breaker', owners),
    tools.attention.rows('stopped', owners),
    tools.attention.rows('redrive', owners),
    tools.highBacklogs.recent(),
  ]);
  const signs = new SignsByReceiver();
  for (const { owner, name, failed, deadLettered } of failing.found) {
    if (owns(principal, owner)) signs.add(owner, name, { failed, deadLettered });
  }
  for (const { owner, name, attention } of breakers.found) {
    if (owns(principal, owner)) signs.add(owner, name, { breaker: attention });
  }
  for (const { owner, name, attention } of stopped.found) {
    if (owns(principal, owner)) signs.add(owner, name, { stopped: attention });
  }
  for (const { owner, name, attention } of redrives.found) {
    if (owns(principal, owner)) signs.add(owner, name, { redrive: attention });
  }
  for (const { owner, receiver } of backlogs) {
    if (owner !== undefined && owns(principal, owner)) signs.add(owner, receiver, { isBacklogHigh: true });
  }
  return {
    found: worstFirst(signs.all()),
    isPartial: [failing, breakers, stopped, redrives].some((part) => part.isPartial),
  };
}

/** For how long what is shown of holds and redrives is trusted, seconds. */
const shownSeconds = 5;

async function holdsOf(
  tools: OverviewTools,
  principal: Principal,
  owners: readonly string[] | undefined,
): Promise<{ readonly shown: OverviewHold[]; readonly isPartial: boolean }> {
  const { found, isPartial } = await tools.attention.rows('hold', owners);
  const own = found.filter(({ owner }) => owns(principal, owner));
  const some = own.slice(0, holdsShown);
  const shown = await Promise.all(
    some.map(async ({ owner, name }): Promise<OverviewHold[]> => {
      const hold = await tools.seen.get(`hold ${name}`, () => tools.holds.find(name), shownSeconds);
      // One that has ended is marked for a moment longer.
      if (hold === undefined || hold.state === 'released') return [];
      const { state, by, since, reason, released } = hold;
      return [
        {
          topic: name,
          owner,
          state: state === 'holding' ? 'holding' : 'releasing',
          by,
          since,
          ...(reason !== undefined && { reason }),
          released,
        },
      ];
    }),
  );
  return { shown: shown.flat(), isPartial: isPartial || own.length > holdsShown };
}

async function redrivesOf(
  tools: OverviewTools,
  principal: Principal,
  owners: readonly string[] | undefined,
): Promise<{ readonly shown: OverviewRedrive[]; readonly isPartial: boolean }> {
  const { found, isPartial } = await tools.attention.rows('redrive', owners);
  const own = found
    .filter(({ owner }) => owns(principal, owner))
    .sort(
      (one, other) => Number(one.attention.state === 'halted') - Number(other.attention.state === 'halted'),
    );
  const shown = await Promise.all(
    own.slice(0, redrivesShown).map(async ({ owner, name, attention }): Promise<OverviewRedrive[]> => {
      const run = await tools.seen.get(`redrive ${name}`, () => tools.redrives.find(name), shownSeconds);
      if (run === undefined || run.id !== attention.id || run.owner !== owner) return [];
      const { id, state, startedAt, updatedAt, total, sent, reason } = run;
      return [
        {
          receiver: name,
          owner,
          id,
          state,
          startedAt,
          updatedAt,
          total,
          sent,
          ...(reason !== undefined && { reason }),
        },
      ];
    }),
  );
  return { shown: shown.flat(), isPartial: isPartial || own.length > redrivesShown };
}

/** Topics of open requests that are looked up, of which a member may own some. */
const topicsMax = 200;

/** How many open requests the caller may decide, and how many its applications made. */
async function requestsOf(
  tools: OverviewTools,
  principal: Principal,
): Promise<{ readonly toDecide: number; readonly made: number; readonly isPartial: boolean }> {
  const { found, isPartial } = await tools.requests.open();
  const made = found.filter(({ application }) => owns(principal, application)).length;
  const { role, scopes } = principal;
  if (role === 'viewer' || (scopes !== undefined && !covers(scopes, 'manage'))) {
    return { toDecide: 0, made, isPartial };
  }
  if (role === 'admin') return { toDecide: found.length, made, isPartial };
  const topics = [...new Set(found.flatMap(({ topic }) => topic ?? []))];
  const known = await Promise.all(
    topics.slice(0, topicsMax).map((name) => tools.registry.lifetimeOfTopic(name)),
  );
  const own = new Map(
    known.flatMap((topic) =>
      topic !== undefined && owns(principal, topic.owner) ? [[topic.topic, lifetimeOf(topic)] as const] : [],
    ),
  );
  const toDecide = found.filter(
    ({ topic, topicLifetime }) => topic !== undefined && own.get(topic) === topicLifetime && own.has(topic),
  ).length;
  return { toDecide, made, isPartial: isPartial || topics.length > topicsMax };
}
