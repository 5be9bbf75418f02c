import { owns, type Principal, requireOwner } from '../../core/access/access.ts';
import { isOfLifetime, type Lifetime } from '../../core/access/acting.ts';
import type { Target } from '../../core/event/target.ts';
import { heldIdOf, inOrder, shards, storedAtMs } from '../../core/hold/held.ts';
import { isOpen } from '../../core/hold/hold.ts';
import type { Portion } from '../../core/list/portion.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Topic } from '../../core/registry/topic.ts';
import {
  positionIn,
  type Section,
  sectionsFrom,
  type WaitingState,
  waitingStates,
} from '../../core/waiting/waiting.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type PageQuery, pageOf } from '../list/page.ts';
import { findReceiver } from '../registry/receivers.ts';
import { getTopic } from '../registry/topics.ts';

export type WaitingTools = Tools<'registry' | 'delayed' | 'held' | 'holds' | 'transactions' | 'waiting'>;

export interface WaitingQuery extends PageQuery {
  readonly topic?: string | undefined;
  readonly receiver?: string | undefined;
  readonly state?: WaitingState | undefined;
}

/** An event that waits. Times are RFC 3339. */
export interface ShownWaiting {
  readonly state: WaitingState;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly topic?: string;
  readonly receiver?: string;
  /** The application that published it, where that is recorded. */
  readonly application?: string;
  /** Of a delayed event: when it is due. */
  readonly deliverAt?: string;
  /** Of a held event: when its topic began to hold it, and the id by which it is sent or dropped. */
  readonly heldAt?: string;
  readonly heldId?: string;
  /** The open transaction that it is of. */
  readonly transaction?: string;
}

/** How many sections without an event are passed over in one read. */
const sectionsAtOnce = 12;

/** At most so many rows of one section are read at a time. */
const rowsAtOnce = 200;

/**
 * The events that wait for the targets that the caller owns, or for the named ones: by target and state, in the order in
 * which they were stored. Events of topics that are not `cancellable` wait in a queue for up to 15 minutes and are not
 * listed.
 * @throws BusbarError unknown_topic, unknown_receiver, forbidden, invalid_request.
 */
export async function listWaiting(
  tools: WaitingTools,
  principal: Principal,
  query: WaitingQuery,
): Promise<{ events: ShownWaiting[]; cursor?: string }> {
  const targets = await targetsOf(tools, principal, query);
  const states = query.state === undefined ? waitingStates : [query.state];
  const sections = targets.flatMap(({ target }) =>
    states
      .filter((state) => state !== 'held' || 'topic' in target)
      .map((state): Section => ({ target, state })),
  );
  const lifetimes = new Map(targets.map(({ target, lifetime }) => [JSON.stringify(target), lifetime]));
  const list = ['waiting', query.topic ?? '', query.receiver ?? '', query.state ?? ''];
  const { items: events, ...rest } = await pageOf(
    list,
    query,
    (after, limit) => read(tools, sections, lifetimes, after, limit),
    (event) => event,
  );
  return { events, ...rest };
}

interface OwnTarget {
  readonly target: Target;
  readonly lifetime: Topic | Receiver;
}

async function targetsOf(
  tools: WaitingTools,
  principal: Principal,
  { topic, receiver }: WaitingQuery,
): Promise<OwnTarget[]> {
  if (topic === undefined && receiver === undefined) {
    const [topics, receivers] = await Promise.all([tools.registry.topics(), tools.registry.receivers()]);
    const all = [
      ...topics.map((one) => ({ target: { topic: one.topic }, lifetime: one })),
      ...receivers.map((one) => ({ target: { receiver: one.receiver }, lifetime: one })),
    ];
    return all.filter(({ lifetime }) => owns(principal, lifetime.owner));
  }
  const named: OwnTarget[] = [];
  if (topic !== undefined) named.push({ target: { topic }, lifetime: await getTopic(tools, topic) });
  if (receiver !== undefined) {
    named.push({ target: { receiver }, lifetime: await findReceiver(tools, receiver) });
  }
  for (const { target, lifetime } of named) {
    const what = 'topic' in target ? `The topic ${target.topic}` : `The receiver ${target.receiver}`;
    requireOwner(principal, lifetime.owner, what);
  }
  return named;
}

/** Reads on from a position, over sections that have nothing, up to the end of the first that has something. */
async function read(
  tools: WaitingTools,
  all: readonly Section[],
  lifetimes: ReadonlyMap<string, Lifetime>,
  position: string,
  limit: number,
): Promise<Portion<ShownWaiting>> {
  const from = sectionsFrom(all, position);
  let { after } = from;
  for (const [at, section] of from.sections.slice(0, sectionsAtOnce).entries()) {
    const lifetime = lifetimes.get(JSON.stringify(section.target));
    const found =
      lifetime === undefined
        ? { items: [], last: undefined }
        : await readSection(tools, section, lifetime, after, Math.min(limit, rowsAtOnce));
    const next = from.sections[at + 1];
    const last =
      found.last !== undefined
        ? positionIn(section, found.last)
        : next === undefined
          ? undefined
          : positionIn(next, '');
    const items = found.items.map(({ key, item }) => ({ key: positionIn(section, key), item }));
    if (items.length > 0 || found.last !== undefined) return { items, last };
    after = '';
  }
  const following = from.sections[sectionsAtOnce];
  return { items: [], last: following === undefined ? undefined : positionIn(following, '') };
}

async function readSection(
  tools: WaitingTools,
  { target, state }: Section,
  lifetime: Lifetime,
  after: string,
  limit: number,
): Promise<Portion<ShownWaiting>> {
  if (state === 'held')
    return 'topic' in target ? await readHeld(tools, target, after, limit) : { items: [], last: undefined };
  // Of several events of one transaction, a page may end between two.
  const [, place = after, number = ''] = /^(.*)~(\d+)$/.exec(after) ?? [];
  const shownMax = number === '' ? -1 : Number(number);
  const begin = number === '' ? after : place.slice(0, -1);
  const { entries, last } = await tools.waiting.page(target, state, begin, limit);
  if (state === 'delayed') {
    const rows = await tools.delayed.read(entries.map(({ row }) => row));
    const byKey = new Map(rows.map((kept) => [`${kept.key.pk} ${kept.key.sk}`, kept]));
    const items = entries.flatMap(({ place, row }) => {
      const kept = byKey.get(`${row.pk} ${row.sk}`);
      if (kept === undefined || kept.state.state !== 'waiting') return [];
      const { acting, atMs, id, source, type } = kept.event;
      if (!isOfLifetime(acting ?? {}, atMs, lifetime)) return [];
      const item: ShownWaiting = {
        state,
        id,
        source,
        type,
        ...target,
        ...(acting !== undefined && { application: acting.actor.application }),
        deliverAt: new Date(kept.state.dueAtMs).toISOString(),
      };
      return [{ key: place, item }];
    });
    return { items, last };
  }
  const open = await tools.transactions.readStates(entries.map(({ row }) => row));
  const items = entries.flatMap(({ place: at, row }) => {
    const transaction = open.get(row.pk);
    if (transaction?.state !== 'half') return [];
    if (!isOfLifetime({}, Date.parse(transaction.createdAt), lifetime)) return [];
    return transaction.events.flatMap((event, index) => {
      if (at === place && index <= shownMax) return [];
      const isMeant =
        'topic' in target
          ? 'topic' in event && event.topic === target.topic
          : 'receiver' in event && event.receiver === target.receiver;
      if (!isMeant) return [];
      const { id, source, type } = event;
      const { application, id: of } = transaction;
      return [
        { key: `${at}~${index}`, item: { state, id, source, type, ...target, application, transaction: of } },
      ];
    });
  });
  return { items, last };
}

async function readHeld(
  tools: WaitingTools,
  target: { readonly topic: string },
  after: string,
  limit: number,
): Promise<Portion<ShownWaiting>> {
  const hold = await tools.holds.find(target.topic);
  if (!isOpen(hold)) return { items: [], last: undefined };
  const pages = await Promise.all(shards.map((shard) => tools.held.heads(hold, shard, limit, after)));
  const { rows, left } = inOrder(pages, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  const items = rows.map((head) => {
    const { id, source, type } = head.event;
    const heldAt = new Date(storedAtMs(head.sk)).toISOString();
    const item: ShownWaiting = { state: 'held', id, source, type, ...target, heldAt, heldId: heldIdOf(head) };
    return { key: head.sk, item };
  });
  return { items, last: left ? rows.at(-1)?.sk : undefined };
}
