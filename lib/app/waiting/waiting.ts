import { type Principal, requireOwner, scopeName } from '../../core/access/access.ts';
import { isOfLifetime, type Lifetime } from '../../core/access/acting.ts';
import { heldIdOf, inOrder, shards, storedAtMs } from '../../core/hold/held.ts';
import { isOpen } from '../../core/hold/hold.ts';
import type { Portion } from '../../core/list/portion.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Topic } from '../../core/registry/topic.ts';
import {
  readPosition,
  type Section,
  sectionName,
  sectionNamed,
  sectionsOf,
  type WaitingState,
  writePosition,
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

/** How many sections are looked at in one read, and how many owners without any. */
const sectionsAtOnce = 12;
const ownersAtOnce = 25;

/** At most so many rows of one section are read at a time. */
const rowsAtOnce = 200;

/**
 * The events that wait for the targets that the caller owns, or for the named ones: by target and state, in the order in
 * which they were stored. Only sections in which something was stored are read, whatever else the registry has. Events of
 * topics that are not `cancellable` wait in a queue for up to 15 minutes and are not listed.
 * @throws BusbarError unknown_topic, unknown_receiver, forbidden, invalid_request.
 */
export async function listWaiting(
  tools: WaitingTools,
  principal: Principal,
  query: WaitingQuery,
): Promise<{ events: ShownWaiting[]; cursor?: string }> {
  const places = await placesOf(tools, principal, query);
  const list = ['waiting', scopeName(principal), query.topic ?? '', query.receiver ?? '', query.state ?? ''];
  const { items: events, ...rest } = await pageOf(
    list,
    query,
    (after, limit) => read(tools, places, query.state, after, limit),
    (event) => event,
  );
  return { events, ...rest };
}

/** Whose sections are listed, in their order, and where they are found. */
interface Places {
  readonly owners: readonly string[];
  /** The sections of an owner behind one of them. */
  find(owner: string, after: Section | undefined): Promise<Portion<Section>>;
  isOwn(owner: string, lifetime: Topic | Receiver): boolean;
}

/** Stands for every owner; no application has this name. */
const anybody = '*';

async function placesOf(
  tools: WaitingTools,
  principal: Principal,
  { topic, receiver }: WaitingQuery,
): Promise<Places> {
  if (topic === undefined && receiver === undefined) {
    const { role, application, children = [] } = principal;
    const own = [application, ...(role === 'member' ? children : [])];
    return {
      owners: role === 'admin' ? [anybody] : [...new Set(own)].sort(),
      find: (owner, after) =>
        tools.waiting.noted(owner === anybody ? undefined : owner, after, sectionsAtOnce),
      isOwn: (owner, lifetime) => owner === anybody || lifetime.owner === owner,
    };
  }
  const sections: Section[] = [];
  if (receiver !== undefined) {
    const { owner } = await findReceiver(tools, receiver);
    requireOwner(principal, owner, `The receiver ${receiver}`);
    sections.push(...sectionsOf({ receiver }));
  }
  if (topic !== undefined) {
    requireOwner(principal, (await getTopic(tools, topic)).owner, `The topic ${topic}`);
    sections.push(...sectionsOf({ topic }));
  }
  const all = sections.map((item) => ({ key: sectionName(item), item }));
  return {
    owners: [anybody],
    find: async (_, after) => ({
      items: all.filter(({ key }) => after === undefined || key > sectionName(after)),
      last: undefined,
    }),
    isOwn: () => true,
  };
}

/** Reads on from a position: some sections of the first owner that has anything there. */
async function read(
  tools: WaitingTools,
  places: Places,
  state: WaitingState | undefined,
  text: string,
  limit: number,
): Promise<Portion<ShownWaiting>> {
  const from = readPosition(text);
  const owners = places.owners.filter((owner) => from === undefined || owner >= from.owner);
  for (const owner of owners.slice(0, ownersAtOnce)) {
    const begun = from?.owner === owner ? from : undefined;
    const isInside = begun?.section !== undefined && begun.place !== undefined;
    const found = await places.find(owner, begun?.section);
    const sections = [...(isInside ? [begun.section] : []), ...found.items.map(({ item }) => item)];
    const lifetimes = await lifetimesOf(tools, sections);
    const items: Portion<ShownWaiting>['items'][number][] = [];
    for (const [at, section] of sections.entries()) {
      const lifetime = lifetimes.get(JSON.stringify(section.target));
      if (lifetime === undefined || !places.isOwn(owner, lifetime)) continue;
      if (state !== undefined && section.state !== state) continue;
      const after = at === 0 && isInside ? (begun.place ?? '') : '';
      const part = await readSection(tools, section, lifetime, after, Math.min(limit, rowsAtOnce));
      for (const { key, item } of part.items)
        items.push({ key: writePosition({ owner, section, place: key }), item });
      const isMore = part.last !== undefined || at + 1 < sections.length || found.last !== undefined;
      if (part.last !== undefined || (items.length >= limit && isMore))
        return { items, last: writePosition({ owner, section, place: part.last }) };
    }
    if (found.last !== undefined) {
      const section = sectionNamed(found.last);
      return { items, last: writePosition({ owner, section, place: undefined }) };
    }
    const next = owners[owners.indexOf(owner) + 1];
    if (items.length > 0)
      return { items, last: next && writePosition({ owner: next, section: undefined, place: undefined }) };
  }
  const next = owners[ownersAtOnce];
  const last = next && writePosition({ owner: next, section: undefined, place: undefined });
  return { items: [], last };
}

/** The topics and receivers of sections, as they are now. */
async function lifetimesOf(
  { registry }: WaitingTools,
  sections: readonly Section[],
): Promise<ReadonlyMap<string, Topic | Receiver>> {
  const [topics, receivers] = await Promise.all([
    registry.topicsNamed(sections.flatMap(({ target }) => ('topic' in target ? [target.topic] : []))),
    registry.receiversNamed(sections.flatMap(({ target }) => ('topic' in target ? [] : [target.receiver]))),
  ]);
  return new Map<string, Topic | Receiver>([
    ...[...topics].map(([topic, found]) => [JSON.stringify({ topic }), found] as const),
    ...[...receivers].map(([receiver, found]) => [JSON.stringify({ receiver }), found] as const),
  ]);
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
