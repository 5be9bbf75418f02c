import type { Command } from 'commander';
import { eachAtOnce } from '../support/at-once.ts';
import { readList } from '../support/pages.ts';
import { connect, type Session } from '../support/session.ts';
import { readCounts, unless } from '../watching/read-status.ts';

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
  const nowMs = session.world.now();
  const filled = await eachAtOnce(receivers, async ({ receiver, declared }) => {
    const name = String(receiver);
    // One that was deleted meanwhile is not there to be lost.
    const counts = await unless('unknown_receiver', () => readCounts(client, name, nowMs));
    if (counts === undefined) return undefined;
    const { waiting = 0, inFlight = 0, deadLetters } = counts;
    return {
      isDeclared: declared === true,
      filled: { receiver: name, waiting: waiting + inFlight, deadLetters },
    };
  });
  const filledOf = (isDeclared: boolean): Filled[] =>
    filled.flatMap((one) => (one?.isDeclared === isDeclared ? [one.filled] : []));
  const count = async (state: string) => (await listed('events', { state })).length;
  return {
    remain: {
      receivers: filledOf(false),
      topics: topics.filter(({ declared }) => declared !== true).map(({ topic }) => String(topic)),
      schedules: schedules.map(({ schedule }) => String(schedule)),
    },
    declaredReceivers: filledOf(true),
    waiting: { delayed: await count('delayed'), held: await count('held'), open: await count('open') },
  };
}
