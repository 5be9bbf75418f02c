import { heldIdOf, inOrder, type Kept, lanesOf, shards, storedAtMs } from '../../core/hold/held.ts';
import { type Hold, isReleasing, nextRoundMs, releaseInTrouble, roundOf } from '../../core/hold/hold.ts';
import { releaseRoundEvents } from '../../core/hold/limits.ts';
import { sleep } from '../../core/kernel/sleep.ts';
import { refusedIdOf, unrecordedApplication } from '../../core/refused/refused.ts';
import { batchLimits, messageBytes, messageOf, packBatches } from '../../core/routing/routing.ts';
import type { HoldName } from '../../runtime/stores/held.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type ActTools, refusalsOf, type Waiting } from '../access/act.ts';
import { giveBackHeld, type UsageTools } from '../access/stored.ts';
import { type KeepRefusedTools, keepRefused } from '../refused/keep-refused.ts';
import { type RouteTools, route } from '../routing/route.ts';
import { type ApplyHoldTools, applyHold } from './apply-hold.ts';

/** How many held events of each partition are read at a time. */
const heldPageEvents = 50;

/** A release sends over this many lanes at once, each of them in order. */
const releaseLanes = 8;

/** An event stored more recently is not released yet: an earlier one may not be readable everywhere. */
const releaseMinimumAgeMs = 250;

/** How long the end of a release is tried, within the time that publishers wait. */
const releaseEndMs = 2500;

/** Before its last look a release gives publishers that are storing this long to finish. */
const releaseGraceMs = 200;

/** How long after a failure of AWS released events are tried again. */
const releaseTroubleSeconds = 15;

/** By then every publisher that may have been storing as a release ended is done; what it stored is released as well. */
export const heldSweepSeconds = 60;

export type ReleaseHeldTools = RouteTools &
  ApplyHoldTools &
  ActTools &
  KeepRefusedTools &
  UsageTools &
  Tools<'registry' | 'held'>;

/** The result of one round. */
interface Round {
  readonly count: number;
  /** Whether there is more to release. */
  readonly left: boolean;
  /** Why some events were not sent. */
  readonly problem?: string;
}

/**
 * Continues the release of a topic until it is over, stopped, or `untilMs`. The remaining rows are its only state: an
 * event is routed first and its row deleted afterwards, so after a crash at most one round is sent again, with the same
 * ids.
 */
export async function releaseHeld(tools: ReleaseHeldTools, topic: string, untilMs: number): Promise<void> {
  const worker = tools.random.uuid();
  const taken = await applyHold(tools, topic, { kind: 'take', worker });
  // Another worker releases, or there is nothing to release.
  if (!taken.changed || taken.hold === undefined) return;
  let hold = taken.hold;
  try {
    while (hold.worker === worker && isReleasing(hold) && tools.clock.now() < untilMs) {
      const next = await step(tools, hold, worker);
      if (next === undefined) return;
      hold = next;
      const waitMs = hold.nextSendAtMs - tools.clock.now();
      // At a low rate, a stop is noticed within a second.
      if (waitMs > 0) await sleep(tools.clock, Math.min(waitMs, 1000));
    }
  } finally {
    await applyHold(tools, topic, { kind: 'leave', worker });
  }
}

/** One round, and the end when nothing is left. Returns the hold after it; undefined when the release is over. */
async function step(tools: ReleaseHeldTools, hold: Hold, worker: string): Promise<Hold | undefined> {
  const { topic } = hold;
  const nowMs = tools.clock.now();
  if (hold.nextSendAtMs > nowMs) return (await tools.holds.find(topic)) ?? undefined;
  const { count, left, problem } = await releaseRound(
    tools,
    hold,
    roundOf(hold),
    nowMs - releaseMinimumAgeMs,
  );
  if (problem !== undefined) {
    tools.log('error', releaseInTrouble, { topic, reason: problem });
  }
  const { hold: counted } = await applyHold(tools, topic, {
    kind: 'sent',
    worker,
    count,
    nextSendAtMs: nextAtMs(
      hold,
      { count, left, ...(problem !== undefined && { problem }) },
      nowMs,
      tools.clock.now(),
    ),
    ...(problem !== undefined && { trouble: problem }),
  });
  if (left || problem !== undefined || counted?.state !== 'releasing') return counted;
  return await end(tools, counted, worker);
}

/** When the round goes that follows the one from `startedAtMs` to now. */
function nextAtMs(hold: Hold, { count, left, problem }: Round, startedAtMs: number, nowMs: number): number {
  if (problem !== undefined) return nowMs + releaseTroubleSeconds * 1000;
  // All remaining events were stored a moment ago, and must reach their minimum age.
  if (count === 0 && left) return nowMs + releaseMinimumAgeMs;
  return nextRoundMs(hold, count, startedAtMs);
}

/**
 * Ends the release: makes publishers wait, sends what they had begun to store, and lets events flow again. When too
 * much comes, publishers store again and the release continues.
 */
async function end(tools: ReleaseHeldTools, hold: Hold, worker: string): Promise<Hold | undefined> {
  const { topic } = hold;
  const closing = await applyHold(tools, topic, { kind: 'drained', worker });
  if (!closing.changed) return closing.hold;
  const untilMs = tools.clock.now() + releaseEndMs;
  await sleep(tools.clock, releaseGraceMs);
  let count = 0;
  while (tools.clock.now() < untilMs) {
    const round = await releaseRound(tools, hold, releaseRoundEvents, Number.POSITIVE_INFINITY);
    count += round.count;
    if (round.problem !== undefined) break;
    if (round.count > 0 || round.left) continue;
    if (count > 0) await applyHold(tools, topic, { kind: 'sent', worker, count, nextSendAtMs: 0 });
    // Before it is over: afterwards only the sweep finds what a crashed publisher left behind.
    const dueAtMs = tools.clock.now() + heldSweepSeconds * 1000;
    await tools.holds.addSweep({ topic, hold: hold.id, dueAtMs });
    const over = await applyHold(tools, topic, { kind: 'over', worker });
    if (!over.changed) return over.hold;
    await forgetMark(tools, topic, hold.id);
    return undefined;
  }
  if (count > 0) await applyHold(tools, topic, { kind: 'sent', worker, count, nextSendAtMs: 0 });
  return (await applyHold(tools, topic, { kind: 'reopen', worker })).hold;
}

/** Publishers need not read the hold any more; a hold that began meanwhile has its own mark. */
export async function forgetMark(
  tools: Pick<ReleaseHeldTools, 'registry'>,
  topic: string,
  id: string,
): Promise<void> {
  // Read it first: a change would bring back a topic that was deleted meanwhile.
  if ((await tools.registry.topic(topic))?.hold !== id) return;
  await tools.registry.changeTopic(topic, (was) => {
    if (was === undefined) throw new Error(`The topic ${topic} was deleted meanwhile.`);
    if (was.hold !== id) return was;
    const { hold: _, ...rest } = was;
    return rest;
  });
}

/**
 * Routes the next events of a hold in order, and deletes their rows. What may not go to the topic any more is listed as
 * refused, and counts as released.
 */
export async function releaseRound(
  tools: ReleaseHeldTools,
  hold: HoldName,
  most: number,
  beforeMs: number,
): Promise<Round> {
  const limit = Math.min(heldPageEvents, most);
  const pages = await Promise.all(shards.map((shard) => tools.held.page(hold, shard, limit)));
  const { rows, left } = inOrder(pages, beforeMs, most);
  const going = await refuse(tools, hold, rows);
  const lanes = await Promise.all(lanesOf(going, releaseLanes).map((lane) => releaseLane(tools, hold, lane)));
  const problem = lanes.find((lane) => lane.problem !== undefined)?.problem;
  return {
    count: lanes.reduce((sum, lane) => sum + lane.count, rows.length - going.length),
    left,
    ...(problem !== undefined && { problem }),
  };
}

/** Refuses those of the events that may not go to their topic; returns the others. */
async function refuse(tools: ReleaseHeldTools, hold: HoldName, rows: readonly Kept[]): Promise<Kept[]> {
  const target = { topic: hold.topic };
  const refusals = await refusalsOf(tools, target, rows.map(waitingOf));
  const going: Kept[] = [];
  const refused: Kept[] = [];
  for (const [at, row] of rows.entries()) {
    const refusal = refusals[at];
    if (refusal === undefined) {
      going.push(row);
      continue;
    }
    const { acting, id, body } = row.event;
    const application = acting?.actor.application ?? unrecordedApplication;
    const about = { id: refusedIdOf('held', hold.topic, heldIdOf(row)), application, from: 'held' } as const;
    await keepRefused(tools, { ...about, ...target, eventId: id }, refusal, body, acting?.incarnation);
    refused.push(row);
  }
  // Listed before its row is deleted, so it cannot vanish in between. It was not sent, so its id is free again.
  if (refused.length > 0) {
    await tools.held.drop(hold, refused);
    await giveBackHeld(
      tools,
      hold,
      refused.map(({ event }) => event),
    );
  }
  return going;
}

/** A held event, as far as it decides whether it may still go. */
export const waitingOf = ({ event, sk }: Kept): Waiting => ({
  acting: event.acting,
  atMs: storedAtMs(sk),
  body: event.body,
});

/** One batch after the other, so none overtakes a batch that failed. */
async function releaseLane(
  tools: ReleaseHeldTools,
  hold: HoldName,
  lane: readonly Kept[],
): Promise<{ readonly count: number; readonly problem?: string }> {
  const target = { topic: hold.topic };
  const sized = lane.map((row) => ({ row, bytes: messageBytes(messageOf(row.event, target)) }));
  let count = 0;
  for (const batch of packBatches(sized, batchLimits.topic)) {
    try {
      const failures = await route(
        tools,
        target,
        batch.map(({ row }) => row.event),
      );
      const out = batch.flatMap(({ row }, at) => (failures[at] === undefined ? [row] : []));
      await tools.held.remove(hold, out);
      await giveBackHeld(
        tools,
        hold,
        out.map(({ event }) => event),
      );
      count += out.length;
      const failure = failures.find((one) => one !== undefined);
      if (failure !== undefined) return { count, problem: failure.reason };
    } catch (error) {
      // The results of the other lanes of this round are known.
      return { count, problem: String(error) };
    }
  }
  return { count };
}
