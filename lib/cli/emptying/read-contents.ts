import type { Command } from 'commander';
import { type Item, isItem } from '../support/answer.ts';
import { eachAtOnce } from '../support/at-once.ts';
import { readList } from '../support/pages.ts';
import { connect, type Session } from '../support/session.ts';

/** A receiver with what would be lost with it; as the bus counts, roughly. */
export interface Filled {
  readonly receiver: string;
  readonly waiting: number;
  readonly deadLetters: number;
}

/** What a bus has, by what becomes of it when its stack is destroyed. */
export interface Contents {
  /** Made over the API: the stack does not know them, and would leave their queues, topics and mappings behind. */
  readonly remain: {
    readonly receivers: readonly Filled[];
    readonly topics: readonly string[];
    readonly schedules: readonly string[];
  };
  /** Declared in busbar.config.ts: the stack deletes them, with what waits for them. */
  readonly declaredReceivers: readonly Filled[];
  /** Events that have not flowed yet; their timers and rows are useless without the stack. */
  readonly waiting: { readonly delayed: number; readonly held: number; readonly open: number };
}

/** Reads everything that an admin sees. */
export async function readContents(session: Session, command: Command): Promise<Contents> {
  const client = connect(session, command);
  const listed = async (path: string, query = {}) =>
    (await readList(session, command, `/${path}`, path, query)).items;
  const [receivers, topics, schedules] = [
    await listed('receivers'),
    await listed('topics'),
    await listed('schedules'),
  ];
  const filled = async (items: readonly Item[]): Promise<Filled[]> =>
    eachAtOnce(items, async ({ receiver }) => {
      const path = `/receivers/${encodeURIComponent(String(receiver))}/statistics`;
      const answer = await client.call('GET', path);
      const now = isItem(answer) && isItem(answer.now) ? answer.now : {};
      return {
        receiver: String(receiver),
        waiting: countOf(now.waiting) + countOf(now.inFlight),
        deadLetters: countOf(now.deadLetters),
      };
    });
  const count = async (state: string) => (await listed('events', { state })).length;
  return {
    remain: {
      receivers: await filled(receivers.filter(isOfApi)),
      topics: topics.filter(isOfApi).map(({ topic }) => String(topic)),
      schedules: schedules.map(({ schedule }) => String(schedule)),
    },
    declaredReceivers: await filled(receivers.filter((receiver) => !isOfApi(receiver))),
    waiting: { delayed: await count('delayed'), held: await count('held'), open: await count('open') },
  };
}

const isOfApi = ({ declared }: Item) => declared !== true;
const countOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
