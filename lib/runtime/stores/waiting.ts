import type { Target } from '../../core/event/target.ts';
import type { Portion } from '../../core/list/portion.ts';
import { noteOf, type Section, sectionName, sectionNamed } from '../../core/waiting/waiting.ts';
import type { Row, Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';

/**
 * Where what waits for a target is found: a row for each delayed event and each open transaction, beside the row that
 * decides. It may be outdated, so a reader looks at that row. It expires by itself: deleting it would cost a write.
 */
export interface WaitingStore {
  /** Entries behind a place, in the order in which they were stored; `last` is where to go on, if there may be more. */
  page(
    target: Target,
    state: 'delayed' | 'open',
    after: string,
    limit: number,
  ): Promise<{ entries: readonly WaitingEntry[]; last: string | undefined }>;
  /**
   * Notes that something may wait in sections of an owner, until then or for ten years. An instance writes it again only
   * when half of the time is over, so that not each event costs a write.
   */
  note(owner: string, sections: readonly Section[], untilMs: number | undefined): Promise<void>;
  /** The noted sections of an owner, or of everybody, behind one. An owner may have lost the target since. */
  noted(owner: string | undefined, after: Section | undefined, limit: number): Promise<Portion<Section>>;
}

export interface WaitingEntry {
  readonly place: string;
  /** The key of the row that decides. */
  readonly row: { readonly pk: string; readonly sk: string };
}

/** A target is spread over so many partitions, each of which takes 1,000 write units a second. */
const shards = [0, 1, 2, 3] as const;

const partition = (target: Target, shard: number) =>
  'topic' in target
    ? `waiting#topic#${target.topic}#${shard}`
    : `waiting#receiver#${target.receiver}#${shard}`;

/** The row by which a list finds another one. */
export function waitingRow(
  target: Target,
  state: 'delayed' | 'open',
  atMs: number,
  row: WaitingEntry['row'],
  expiresAtSeconds: number,
): Row {
  const identity = `${row.pk}${row.sk}`;
  const shard = [...identity].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0);
  return {
    pk: partition(target, shard % shards.length),
    sk: `${state}#${new Date(atMs).toISOString()}#${row.pk.slice(row.pk.indexOf('#') + 1)}${row.sk.slice(-22)}`,
    document: row,
    expiresAtSeconds,
  };
}

const notedPk = (owner: string | undefined) =>
  owner === undefined ? 'waiting-sections' : `waiting-sections#${owner}`;

/** Above the number of every span: behind all notes of a section. */
const behindSpans = '~';

/** Of so many notes an instance remembers when it wrote them. */
const rememberedMax = 10_000;

const nameOf = (sk: string) => sk.slice(0, sk.lastIndexOf('/'));

export function createWaitingStore(table: Table, clock: Clock): WaitingStore {
  const notes = new Map<string, { readonly atMs: number; readonly written: Promise<void> }>();

  /** Events that come together wait for the same write. */
  function write(owner: string, sk: string, renewMs: number, expiresAtSeconds: number): Promise<void> {
    const name = `${owner} ${sk}`;
    const nowMs = clock.now();
    const noted = notes.get(name);
    if (noted !== undefined && nowMs - noted.atMs < renewMs) return noted.written;
    const row = { sk, document: true, expiresAtSeconds };
    const written = (async () => {
      await Promise.all([owner, undefined].map((of) => table.put({ pk: notedPk(of), ...row })));
    })();
    if (notes.size >= rememberedMax) notes.clear();
    notes.set(name, { atMs: nowMs, written });
    written.catch(() => notes.delete(name));
    return written;
  }

  return {
    async note(owner, sections, untilMs) {
      const { span, renewMs, expiresAtSeconds } = noteOf(clock.now(), untilMs);
      await Promise.all(
        sections.map((section) => write(owner, `${sectionName(section)}/${span}`, renewMs, expiresAtSeconds)),
      );
    },
    async noted(owner, after, limit) {
      const behind = after === undefined ? '' : `${sectionName(after)}/${behindSpans}`;
      const { rows, last } = await table.page(notedPk(owner), behind, limit);
      const names = [...new Set(rows.map(({ sk }) => nameOf(sk)))];
      const items = names.flatMap((key) => {
        const item = sectionNamed(key);
        return item === undefined ? [] : [{ key, item }];
      });
      return { items, last: last && nameOf(last) };
    },
    async page(target, state, after, limit) {
      const pages = await Promise.all(
        shards.map((shard) => table.page(partition(target, shard), after, limit, `${state}#`)),
      );
      // Behind the end of a page that has more, there may be rows of its partition before those of another.
      const ends = pages.flatMap(({ last }) => (last === undefined ? [] : [last]));
      const end = ends.length === 0 ? undefined : ends.reduce((least, one) => (one < least ? one : least));
      const rows = pages
        .flatMap((page) => page.rows)
        .filter(({ sk }) => end === undefined || sk <= end)
        .sort((one, other) => (one.sk < other.sk ? -1 : 1));
      const entries = rows.map(({ sk, document }) => ({ place: sk, row: document as WaitingEntry['row'] }));
      return { entries, last: end };
    },
  };
}
