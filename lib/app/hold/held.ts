import type { Principal } from '../../core/access/access.ts';
import {
  type HeldEvent,
  type HeldHead,
  type HeldPlace,
  heldIdOf,
  inOrder,
  type Kept,
  placeOf,
  shards,
  storedAtMs,
} from '../../core/hold/held.ts';
import { type Hold, isOpen, isReleasing, notOnHold } from '../../core/hold/hold.ts';
import { heldListRows } from '../../core/hold/limits.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import { parseVerbatim } from '../../core/kernel/exact-numbers.ts';
import type { HoldName } from '../../runtime/stores/held.ts';
import { type ActTools, refusalsOf } from '../access/act.ts';
import { giveBackHeld, type UsageTools } from '../access/stored.ts';
import { type PageQuery, pageOf } from '../list/page.ts';
import { type RouteTools, route } from '../routing/route.ts';
import { type HoldTools, ownTopic } from './hold.ts';
import { waitingOf } from './release-held.ts';

/** How long a topic that is deleted by force may take to drop its held events before the call must be made again. */
const heldDropSeconds = 20;

export type HeldTools = HoldTools & RouteTools & ActTools & UsageTools;

/** A held event in a list; it is sent or dropped by `id`. */
export interface ShownHeld extends Pick<HeldEvent, 'source' | 'type'> {
  readonly id: string;
  readonly eventId: string;
  readonly subject?: string;
  readonly heldAt: string;
}

function show({ event, ...place }: HeldHead): ShownHeld {
  const { id: eventId, source, type, subject } = event;
  return {
    id: heldIdOf(place),
    eventId,
    source,
    type,
    ...(subject !== undefined && { subject }),
    heldAt: new Date(storedAtMs(place.sk)).toISOString(),
  };
}

/** One page of the events that a topic holds, in the order in which they will be released. */
export async function listHeld(
  tools: HeldTools,
  principal: Principal,
  topic: string,
  query: PageQuery,
): Promise<{ events: ShownHeld[]; cursor?: string }> {
  const hold = await ownHold(tools, principal, topic);
  const { items: events, ...rest } = await pageOf(
    ['held', topic, hold.id],
    query,
    async (after, limit) => {
      const pages = await Promise.all(
        shards.map((shard) => tools.held.heads(hold, shard, Math.min(limit, heldListRows), after)),
      );
      const { rows, left } = inOrder(pages, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      return {
        items: rows.map((head) => ({ key: head.sk, item: head })),
        last: left ? rows.at(-1)?.sk : undefined,
      };
    },
    show,
  );
  return { events, ...rest };
}

/** One held event, with its body. */
export async function getHeld(
  tools: HeldTools,
  principal: Principal,
  topic: string,
  id: string,
): Promise<ShownHeld & { event: unknown }> {
  const { kept } = await find(tools, principal, topic, id);
  return { ...show(kept), event: parseVerbatim(kept.event.body) };
}

/** Sends one held event, ahead of the others. */
export async function sendHeld(
  tools: HeldTools,
  principal: Principal,
  topic: string,
  id: string,
): Promise<ShownHeld> {
  const { hold, kept } = await find(tools, principal, topic, id);
  requireStill(tools, hold);
  const [refusal] = await refusalsOf(tools, { topic }, [waitingOf(kept)]);
  if (refusal !== undefined) {
    throw new BusbarError(refusal.code, refusal.detail, { fields: refusal.errors });
  }
  const [failure] = await route(tools, { topic }, [kept.event]);
  if (failure !== undefined) {
    throw new BusbarError(
      'unavailable',
      `The event could not be sent and is still held: ${failure.reason}. Send it again.`,
      { retryAfterSeconds: 1 },
    );
  }
  await takeOut(tools, hold, kept, 'sent', principal);
  return show(kept);
}

/** Drops one held event. */
export async function dropHeld(
  tools: HeldTools,
  principal: Principal,
  topic: string,
  id: string,
): Promise<void> {
  const { hold, kept } = await find(tools, principal, topic, id);
  requireStill(tools, hold);
  await takeOut(tools, hold, kept, 'dropped', principal);
}

async function takeOut(
  tools: HeldTools,
  hold: Hold,
  kept: Kept,
  how: 'sent' | 'dropped',
  principal: Principal,
): Promise<void> {
  if (how === 'dropped') await tools.held.drop(hold, [kept]);
  else await tools.held.remove(hold, [kept]);
  await giveBackHeld(tools, hold, [kept.event]);
  await tools.held.count(hold, how, 1, 0);
  tools.log('info', `A held event was ${how} by hand`, {
    topic: hold.topic,
    application: principal.application,
    ...show(kept),
  });
}

async function ownHold(tools: HeldTools, principal: Principal, topic: string): Promise<Hold> {
  await ownTopic(tools, principal, topic);
  const hold = await tools.holds.find(topic);
  if (!isOpen(hold)) throw notOnHold(topic);
  return hold;
}

async function find(
  tools: HeldTools,
  principal: Principal,
  topic: string,
  id: string,
): Promise<{ hold: Hold; kept: Kept }> {
  const hold = await ownHold(tools, principal, topic);
  const place: HeldPlace | undefined = placeOf(id);
  const [kept] = place === undefined ? [] : await tools.held.find(hold, [place]);
  if (kept !== undefined) return { hold, kept };
  throw new BusbarError(
    'unknown_held_event',
    `The topic ${topic} holds no event ${id}: it was released, sent or dropped, or it never existed. GET /v1/topics/${topic}/held lists the held events.`,
  );
}

/** An event that a release may be sending at this moment cannot be dropped, and need not be sent. */
function requireStill(tools: HeldTools, hold: Hold): void {
  const isWorking = hold.worker !== undefined && hold.leaseUntilMs > tools.clock.now();
  if (!isReleasing(hold) && !isWorking) return;
  throw new BusbarError(
    'releasing',
    `The topic ${hold.topic} is being released, and the event may be on its way. Stop the release with PUT /v1/topics/${hold.topic}/hold first; events that are on their way are out within a moment.`,
    { retryAfterSeconds: 1 },
  );
}

type DropTools = Pick<HeldTools, 'holds' | 'held' | 'holdWatches' | 'clock'> & UsageTools;

/**
 * Drops the held events of a topic that is about to be deleted.
 * @throws BusbarError in_use without force, when there are any; unavailable when there are more than one call can drop.
 */
export async function dropAllHeld(tools: DropTools, topic: string, force: boolean): Promise<void> {
  const untilMs = tools.clock.now() + heldDropSeconds * 1000;
  for (const name of await namesOf(tools, topic)) {
    if (!force && (await holdsAny(tools, name))) throw stillHolds(topic);
    // Should the call break off, the topic stays: the ids of what it dropped are free.
    await dropRows(tools, name, untilMs, tools.held.drop);
  }
}

/** The holds of a topic that may still have events. */
async function namesOf(tools: Pick<DropTools, 'holds'>, topic: string): Promise<HoldName[]> {
  const hold = await tools.holds.find(topic);
  const swept = (await tools.holds.sweeps(topic)).map((sweep) => ({ topic, id: sweep.hold }));
  return isOpen(hold) ? [...swept, hold] : swept;
}

async function holdsAny(tools: Pick<DropTools, 'held'>, name: HoldName): Promise<boolean> {
  const pages = await Promise.all(shards.map((shard) => tools.held.page(name, shard, 1)));
  return pages.some(({ rows }) => rows.length > 0);
}

async function dropRows(
  tools: DropTools,
  name: HoldName,
  untilMs: number,
  drop: DropTools['held']['drop'],
): Promise<void> {
  for (const shard of shards) {
    for (;;) {
      const { rows, hasMore } = await tools.held.page(name, shard, dropRowsAtOnce);
      await drop(name, rows);
      await giveBackHeld(
        tools,
        name,
        rows.map(({ event }) => event),
      );
      if (!hasMore) break;
      if (tools.clock.now() > untilMs) {
        throw new BusbarError(
          'unavailable',
          `The topic ${name.topic} holds more events than one call can drop. Repeat the call until the topic is gone.`,
          { retryAfterSeconds: 1 },
        );
      }
    }
  }
  await tools.held.forgetCounts(name);
}

const dropRowsAtOnce = 200;

/** @throws BusbarError in_use when a topic holds events, which would be lost with the topic. */
export async function requireNothingHeld(
  tools: Pick<DropTools, 'holds' | 'held'>,
  topic: string,
): Promise<void> {
  for (const name of await namesOf(tools, topic)) {
    if (await holdsAny(tools, name)) throw stillHolds(topic);
  }
}

const stillHolds = (topic: string) =>
  new BusbarError(
    'in_use',
    `The topic ${topic} holds accepted events. Release them with DELETE /v1/topics/${topic}/hold, or drop them with the topic by DELETE /v1/topics/${topic}?force=true.`,
  );

/**
 * Deletes the hold of a topic that was deleted. The hold first: a publisher that has stored events meanwhile finds no
 * hold, and rejects its events.
 */
export async function forgetHold(tools: DropTools, topic: string): Promise<void> {
  const names = await namesOf(tools, topic);
  await tools.holds.remove(topic);
  // Its ids are gone with its incarnation.
  for (const name of names) await dropRows(tools, name, Number.POSITIVE_INFINITY, tools.held.remove);
  for (const sweep of await tools.holds.sweeps(topic)) await tools.holds.removeSweep(sweep);
  await tools.holdWatches.stop(topic);
}
