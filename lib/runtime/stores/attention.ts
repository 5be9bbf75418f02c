import type { Breaker } from '../../core/breaker/breaker.ts';
import type { Portion } from '../../core/list/portion.ts';
import {
  type Attention,
  type AttentionKind,
  attentionOfBreaker,
  attentionOfReceiver,
  attentionOfRedrive,
  attentionOfTopic,
  attentionSeconds,
} from '../../core/overview/attention.ts';
import type { Redrive } from '../../core/redrive/redrive.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { TopicRow } from '../../core/registry/topic.ts';
import type { Row, Table } from '../aws/table/table.ts';
import type { Write } from '../aws/table/transact.ts';
import type { Clock } from '../clock.ts';
import { createRecent, secondsToRemember } from './recent.ts';

/**
 * What needs a look: a row for each receiver and topic that is not as it should be, and none for the others, so that the
 * overview finds them among any number. They are written with the change that they tell of.
 */
export interface AttentionStore {
  /**
   * The rows of a kind, as of a few seconds ago; the more there are, the older they may be.
   * @param owners whose rows are wanted; undefined for all. Others may be among them.
   */
  rows<Kind extends AttentionKind>(
    kind: Kind,
    owners: readonly string[] | undefined,
  ): Promise<{ readonly found: readonly Noted<Kind>[]; readonly isPartial: boolean }>;
  /** Rows of a kind as they are now, of one owner or of all, in the order of owners and names, behind a position. */
  page<Kind extends AttentionKind>(
    kind: Kind,
    after: string,
    limit: number,
    owner: string | undefined,
  ): Promise<Portion<Noted<Kind>>>;
}

export interface Noted<Kind extends AttentionKind> {
  readonly owner: string;
  /** Of the receiver, or topic. */
  readonly name: string;
  readonly attention: Attention[Kind];
}

/** More than a read of 1 MB returns. */
const rowsAtOnce = 10_000;
const readsMax = 3;
/** Of one owner, where there are too many rows to read all. */
const ownRowsMax = 1000;

const pkOf = (kind: AttentionKind) => `attention#${kind}`;
/** No name has a `#`, so that the rows of one owner are not those of another. */
const keyOf = (kind: AttentionKind, owner: string, name: string) => ({
  pk: pkOf(kind),
  sk: `${owner}#${name}`,
});

/** What changes when a thing goes from one attention, of one owner, to another. */
function writesOf<Kind extends AttentionKind>(
  kind: Kind,
  name: string,
  was: { readonly owner: string; readonly attention: Attention[Kind] | undefined } | undefined,
  now: { readonly owner: string; readonly attention: Attention[Kind] | undefined } | undefined,
  nowMs: number,
): Write[] {
  const isSame =
    was?.owner === now?.owner && JSON.stringify(was?.attention) === JSON.stringify(now?.attention);
  if (isSame) return [];
  const seconds = attentionSeconds[kind];
  const writes: Write[] = [];
  const leaves = was?.attention !== undefined && (now?.attention === undefined || now.owner !== was.owner);
  if (leaves) writes.push({ delete: keyOf(kind, was.owner, name) });
  if (now?.attention !== undefined) {
    writes.push({
      put: {
        ...keyOf(kind, now.owner, name),
        document: now.attention,
        ...(seconds !== undefined && { expiresAtSeconds: Math.ceil(nowMs / 1000) + seconds }),
      },
    });
  }
  return writes;
}

export const receiverAttentionWrites = (
  was: Receiver | undefined,
  now: Receiver | undefined,
  nowMs: number,
): Write[] =>
  writesOf(
    'stopped',
    was?.receiver ?? now?.receiver ?? '',
    was && { owner: was.owner, attention: attentionOfReceiver(was) },
    now && { owner: now.owner, attention: attentionOfReceiver(now) },
    nowMs,
  );

export const topicAttentionWrites = (
  was: TopicRow | undefined,
  now: TopicRow | undefined,
  nowMs: number,
): Write[] =>
  writesOf(
    'hold',
    was?.topic ?? now?.topic ?? '',
    was && { owner: was.owner, attention: attentionOfTopic(was) },
    now && { owner: now.owner, attention: attentionOfTopic(now) },
    nowMs,
  );

export const breakerAttentionWrites = (
  receiver: string,
  owner: string,
  was: Breaker | undefined,
  now: Breaker,
  nowMs: number,
): Write[] =>
  writesOf(
    'breaker',
    receiver,
    { owner, attention: attentionOfBreaker(was) },
    { owner, attention: attentionOfBreaker(now) },
    nowMs,
  );

/** @param now undefined when its row is removed. */
export const redriveAttentionWrites = (was: Redrive | undefined, now: Redrive, nowMs: number): Write[] => {
  const { owner, receiver } = now;
  if (owner === undefined) return [];
  return writesOf(
    'redrive',
    receiver,
    { owner, attention: attentionOfRedrive(was) },
    { owner, attention: attentionOfRedrive(now) },
    nowMs,
  );
};

/** What is left of a receiver under its owner's name when it goes, or goes to another. */
export async function forgetAttention(table: Table, owner: string, receiver: string): Promise<void> {
  for (const kind of ['breaker', 'redrive'] as const) await table.delete(keyOf(kind, owner, receiver));
}

/** Has a receiver's new owner see what the former one saw. */
export async function moveAttention(table: Table, receiver: string, from: string, to: string): Promise<void> {
  for (const kind of ['breaker', 'redrive'] as const) {
    const row = await table.get(keyOf(kind, from, receiver), { consistent: true });
    if (row === undefined) continue;
    await table.put({ ...row, ...keyOf(kind, to, receiver) });
    await table.delete(keyOf(kind, from, receiver));
  }
}

function notedOf<Kind extends AttentionKind>({ sk, document }: Row): Noted<Kind> {
  const [owner = '', name = ''] = sk.split('#');
  return { owner, name, attention: document as Attention[Kind] };
}

export function createAttentionStore(table: Table, clock: Clock): AttentionStore {
  const recent = createRecent(clock);

  async function load<Kind extends AttentionKind>(kind: Kind, owner?: string) {
    const found: Noted<Kind>[] = [];
    let after: string | undefined = '';
    for (let reads = 0; after !== undefined && reads < (owner === undefined ? readsMax : 1); reads++) {
      const limit = owner === undefined ? rowsAtOnce : ownRowsMax;
      const portion: Awaited<ReturnType<Table['page']>> = await table.page(
        pkOf(kind),
        after,
        limit,
        owner === undefined ? '' : `${owner}#`,
      );
      found.push(...portion.rows.map((row) => notedOf<Kind>(row)));
      after = portion.last;
    }
    return { found, isPartial: after !== undefined };
  }
  const remembered = ({ found }: { readonly found: readonly unknown[] }) => secondsToRemember(found.length);

  return {
    async page<Kind extends AttentionKind>(
      kind: Kind,
      after: string,
      limit: number,
      owner: string | undefined,
    ) {
      const prefix = owner === undefined ? '' : `${owner}#`;
      // A cursor may have been made up.
      if (after !== '' && !after.startsWith(prefix)) return { items: [], last: undefined };
      const { rows, last } = await table.page(pkOf(kind), after, limit, prefix);
      return { items: rows.map((row) => ({ key: row.sk, item: notedOf<Kind>(row) })), last };
    },

    async rows<Kind extends AttentionKind>(kind: Kind, owners: readonly string[] | undefined) {
      const all = await recent.get(kind, () => load(kind), remembered);
      if (!all.isPartial || owners === undefined) return all;
      const own = await Promise.all(
        owners.map((owner) => recent.get(`${kind} ${owner}`, () => load(kind, owner), remembered)),
      );
      return {
        found: own.flatMap(({ found }) => found),
        isPartial: own.some(({ isPartial }) => isPartial),
      };
    },
  };
}
