import type { EntryResult, EntryStatus } from '../../client/index.ts';
import { cell, plain } from '../table.ts';
import type { World } from '../world.ts';

/** One event of the run and where it came from; `line` is undefined when the input has no lines. */
export interface Item {
  readonly line: number | undefined;
  /** As it was given, for another try. */
  readonly text: string;
}

export interface TallyOptions {
  readonly world: World;
  readonly json: boolean;
  /** Writes one line for another try; undefined when nobody asked. */
  readonly keep?: ((line: string) => Promise<void>) | undefined;
  /** Is called before something is printed, to clear the progress bar. */
  readonly beforePrint: () => void;
}

/** Counts and tells what became of the events. */
export interface Tally {
  readonly counts: Readonly<Record<EntryStatus | 'unanswered' | 'unsent', number>>;
  /** Events with an answer of any kind. */
  answered(): number;
  /** One request was answered: one result for each item, by index. */
  results(items: readonly Item[], results: readonly EntryResult[]): Promise<void>;
  /** An item never left: it is no event. */
  refuse(item: Item, code: string, detail: string): Promise<void>;
  /** An event was sent, and no answer came; `text` names its id, so that another try doubles nothing. */
  unanswered(text: string): Promise<void>;
  /** An item was read and not sent. */
  unsent(item: Item): Promise<void>;
}

export function createTally({ world, json, keep, beforePrint }: TallyOptions): Tally {
  const counts = { accepted: 0, duplicate: 0, scheduled: 0, held: 0, rejected: 0, unanswered: 0, unsent: 0 };

  async function tellRejected(
    item: Item,
    code: string | undefined,
    detail: string | undefined,
  ): Promise<void> {
    counts.rejected++;
    beforePrint();
    const where = item.line === undefined ? '' : `line ${item.line}: `;
    const why = detail ?? 'no reason was given';
    await world.stderr.write(
      `${where}${world.stderr.paint('red', 'rejected')}: ${plain(why)}${code === undefined ? '' : ` (${cell(code)})`}\n`,
    );
    await keep?.(item.text);
  }

  async function print(events: readonly Record<string, unknown>[]): Promise<void> {
    if (json) await world.stdout.write(`${JSON.stringify({ events })}\n`);
  }

  return {
    counts,
    answered: () => counts.accepted + counts.duplicate + counts.scheduled + counts.held + counts.rejected,
    async results(items, results) {
      for (const result of results) {
        const item = items[result.index];
        if (item === undefined) continue;
        if (result.status === 'rejected') await tellRejected(item, result.code, result.detail);
        else counts[result.status]++;
      }
      await print(results.map((result) => ({ ...result, ...lineOf(items[result.index]) })));
    },
    async refuse(item, code, detail) {
      await tellRejected(item, code, detail);
      await print([{ status: 'rejected', code, detail, ...lineOf(item) }]);
    },
    async unanswered(text) {
      counts.unanswered++;
      await keep?.(text);
    },
    async unsent(item) {
      counts.unsent++;
      await keep?.(item.text);
    },
  };
}

function lineOf(item: Item | undefined): { line?: number } {
  return item?.line === undefined ? {} : { line: item.line };
}

/** `4,990 accepted, 10 rejected`; statuses that did not occur are left out. */
export function countsText(counts: Tally['counts']): string {
  const told = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${grouped(count)} ${status}`);
  return told.length === 0 ? 'nothing' : told.join(', ');
}

/** 5000 as 5,000, on every machine. */
export function grouped(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}
