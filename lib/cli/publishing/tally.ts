import type { EntryResult, EntryStatus } from '../../client/index.ts';
import { jsonText, plain } from '../support/plain.ts';
import { cell } from '../support/table.ts';
import type { World } from '../support/world.ts';

/** One event of the run. `line` is undefined if the input has no lines. */
export interface Item {
  readonly line: number | undefined;
  /** As it was read, for another run. */
  readonly text: string;
}

export interface TallyOptions {
  readonly world: World;
  readonly json: boolean;
  /** Writes one line to the file for another run; undefined if there is no such file. */
  readonly keep?: ((line: string) => Promise<void>) | undefined;
  /** Called before something is printed, to clear the progress line. */
  readonly beforePrint: () => void;
}

/** How an event can be lost: the bus refused its request, or may have stored it without answering. */
type Loss = 'not stored' | 'unanswered';

/** Counts the results of the events and prints them. */
export interface Tally {
  readonly counts: Readonly<Record<EntryStatus | Loss | 'unsent', number>>;
  /** The number of events with a result of any kind. */
  answered(): number;
  /** The results of one request; `index` is the position of the item. */
  results(items: readonly Item[], results: readonly EntryResult[]): Promise<void>;
  /** An item is not an event, and was not sent. */
  refuse(item: Item, code: string, detail: string): Promise<void>;
  /** An event was sent and has no result. `text` contains its id, so that another run does not store it twice. */
  lost(item: Item, outcome: Loss, id: string | undefined, text: string): Promise<void>;
  /** Prints the ids of lost events. */
  listLost(): Promise<void>;
  /** An item was read and not sent. */
  unsent(item: Item): Promise<void>;
}

/** How many ids of lost events are printed. */
const listedMax = 10;

export function createTally({ world, json, keep, beforePrint }: TallyOptions): Tally {
  const counts = {
    accepted: 0,
    duplicate: 0,
    scheduled: 0,
    held: 0,
    rejected: 0,
    'not stored': 0,
    unanswered: 0,
    unsent: 0,
  };
  const lost: string[] = [];

  async function reject(item: Item, code: string | undefined, detail: string | undefined): Promise<void> {
    counts.rejected++;
    beforePrint();
    const why = detail ?? 'no reason was given';
    await world.stderr.write(
      `${placeOf(item)}${world.stderr.paint('red', 'rejected')}: ${plain(why)}${code === undefined ? '' : ` (${cell(code)})`}\n`,
    );
    await keep?.(item.text);
  }

  async function print(events: readonly Record<string, unknown>[]): Promise<void> {
    if (json) await world.stdout.write(`${jsonText({ events })}\n`);
  }

  return {
    counts,
    answered: () => counts.accepted + counts.duplicate + counts.scheduled + counts.held + counts.rejected,
    async results(items, results) {
      for (const result of results) {
        const item = items[result.index];
        if (item === undefined) continue;
        if (result.status === 'rejected') await reject(item, result.code, result.detail);
        else counts[result.status]++;
      }
      await print(results.map((result) => ({ ...result, ...lineOf(items[result.index]) })));
    },
    async refuse(item, code, detail) {
      await reject(item, code, detail);
      await print([{ status: 'rejected', code, detail, ...lineOf(item) }]);
    },
    async lost(item, outcome, id, text) {
      counts[outcome]++;
      if (lost.length < listedMax) {
        lost.push(`${placeOf(item)}${world.stderr.paint('red', outcome)}: ${cell(id)}\n`);
      }
      await keep?.(text);
    },
    async listLost() {
      if (lost.length === 0) return;
      beforePrint();
      const more = counts['not stored'] + counts.unanswered - lost.length;
      const hint = keep === undefined ? '; --rejected <file> keeps all of them' : '';
      await world.stderr.write(lost.join('') + (more === 0 ? '' : `… and ${grouped(more)} more${hint}\n`));
    },
    async unsent(item) {
      counts.unsent++;
      await keep?.(item.text);
    },
  };
}

function placeOf({ line }: Item): string {
  return line === undefined ? '' : `line ${line}: `;
}

function lineOf(item: Item | undefined): { line?: number } {
  return item?.line === undefined ? {} : { line: item.line };
}

/** The counts that are not zero, such as `4,990 accepted, 10 rejected`. */
export function countsText(counts: Tally['counts']): string {
  const texts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${grouped(count)} ${status}`);
  return texts.length === 0 ? 'nothing' : texts.join(', ');
}

/** 5000 as 5,000, whatever the locale of the machine. */
export function grouped(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}
