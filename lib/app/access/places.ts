import type { Application } from '../../core/access/application.ts';
import { type PlaceKind, quotaExceeded, quotaOf } from '../../core/access/quotas.ts';
import { totalPosts } from '../../core/deliver/lane-plan.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import { listLimitMax } from '../../core/list/limits.ts';
import type { Portion } from '../../core/list/portion.ts';
import type { Gate, Place } from '../../runtime/stores/places.ts';
import type { Tools } from '../../runtime/tools.ts';

export type PlaceTools = Tools<'places' | 'applications' | 'registry' | 'recurrences' | 'keys'>;

const roundsMax = 20;
/** A place whose thing is not there yet may be of a call that is under way. */
const freshMs = 300_000;
/** How often at most the places of an application that has used them up are compared with what there is. */
const compareEveryMs = 600_000;
const retryAfterSeconds = 60;

/**
 * Takes a place for something that an application is about to have, in its own quota and in that of its parent. Whoever
 * takes one at the same time is refused by the gate and tries again, so that a quota holds whatever races. A place whose
 * thing did not come about is given up when the quota is used up, and places are made for what came about without one.
 * @param amount how much of the quota it takes: 1, or the concurrency of a receiver.
 * @throws BusbarError quota_exceeded.
 */
export async function takePlace(
  tools: PlaceTools,
  owner: string,
  kind: PlaceKind,
  name: string,
  amount = 1,
): Promise<void> {
  const application = await tools.applications.find(owner);
  const parent =
    application?.parent === undefined ? undefined : await tools.applications.find(application.parent);
  await takeIn(tools, owner, application, kind, name, amount);
  if (parent === undefined) return;
  try {
    await takeIn(tools, parent.application, parent, kind, `${owner}/${name}`, amount);
  } catch (error) {
    await tools.places.leave(owner, kind, name);
    throw error;
  }
}

/** Gives up a place when its thing is gone. */
export async function leavePlace(
  tools: Tools<'places' | 'applications'>,
  owner: string,
  kind: PlaceKind,
  name: string,
): Promise<void> {
  await tools.places.leave(owner, kind, name);
  const parent = (await tools.applications.find(owner))?.parent;
  if (parent !== undefined) await tools.places.leave(parent, kind, `${owner}/${name}`);
}

async function takeIn(
  tools: PlaceTools,
  of: string,
  application: Application | undefined,
  kind: PlaceKind,
  name: string,
  amount: number,
): Promise<void> {
  const limit = quotaOf(application, kind);
  const place: Place = { name, amount, atMs: tools.clock.now() };
  for (let round = 1; round <= roundsMax; round++) {
    const gate = await tools.places.gate(of, kind);
    if (gate === undefined) {
      await compare(tools, of, application, kind, undefined);
      continue;
    }
    const places = await tools.places.all(of, kind);
    const own = places.find((each) => each.name === name);
    if (own?.amount === amount) return;
    const used = places.reduce((sum, each) => (each === own ? sum : sum + each.amount), 0);
    if (used + amount <= limit) {
      const next: Gate = { ...gate, turn: tools.random.uuid() };
      if (await tools.places.take(of, kind, place, next, gate)) return;
      continue;
    }
    if (tools.clock.now() < gate.comparedAtMs + compareEveryMs) {
      await tools.places.refused(of, kind);
      throw quotaExceeded(kind, of, limit, retryAfterSeconds);
    }
    await compare(tools, of, application, kind, gate);
  }
  throw new BusbarError(
    'conflict',
    `Many calls use the quota ${kind} of ${of} at the same time. Try again.`,
    {
      retryAfterSeconds: 1,
    },
  );
}

/** Makes the places of a kind match what the application and its children have. */
async function compare(
  tools: PlaceTools,
  of: string,
  application: Application | undefined,
  kind: PlaceKind,
  gate: Gate | undefined,
): Promise<void> {
  const nowMs = tools.clock.now();
  const before = await tools.places.all(of, kind);
  const there = await placesOf(tools, of, application?.children ?? [], kind, nowMs);
  const named = new Map(there.map((place) => [place.name, place]));
  const known = new Map(before.map((place) => [place.name, place]));
  await tools.places.compare(
    of,
    kind,
    {
      missing: there.filter(({ name, amount }) => known.get(name)?.amount !== amount),
      stale: before.filter(({ name, atMs }) => !named.has(name) && nowMs >= atMs + freshMs),
    },
    { turn: tools.random.uuid(), comparedAtMs: nowMs },
    gate,
  );
}

async function placesOf(
  tools: PlaceTools,
  of: string,
  children: readonly string[],
  kind: PlaceKind,
  atMs: number,
): Promise<Place[]> {
  const { registry, recurrences, keys } = tools;
  const place = (owner: string, name: string, amount = 1): Place[] => {
    if (owner === of) return [{ name, amount, atMs }];
    return children.includes(owner) ? [{ name: `${owner}/${name}`, amount, atMs }] : [];
  };
  switch (kind) {
    case 'topics':
      return await everything(registry.topicsAfter, ({ topic, owner }) => place(owner, topic));
    case 'receivers':
      return await everything(registry.receiversAfter, ({ receiver, owner }) => place(owner, receiver));
    case 'concurrency':
      return await everything(registry.receiversAfter, ({ receiver, owner, limits, timeoutSeconds }) =>
        place(owner, receiver, totalPosts({ limits, timeoutSeconds })),
      );
    case 'schedules':
      return await everything(recurrences.after, ({ recurrence: { schedule, owner } }) =>
        place(owner, schedule),
      );
    case 'keys': {
      const owners = [of, ...children];
      const found = await Promise.all(
        owners.map((owner) =>
          everything(
            (after, limit) => keys.after(owner, after, limit),
            ({ record }, keyId) => (record.session === undefined ? place(owner, keyId) : []),
          ),
        ),
      );
      return found.flat();
    }
  }
}

async function everything<Item>(
  read: (after: string, limit: number) => Promise<Portion<Item>>,
  placesOfItem: (item: Item, key: string) => readonly Place[],
): Promise<Place[]> {
  const found: Place[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const portion: Portion<Item> = await read(after, listLimitMax);
    found.push(...portion.items.flatMap(({ key, item }) => placesOfItem(item, key)));
    after = portion.last;
  }
  return found;
}
