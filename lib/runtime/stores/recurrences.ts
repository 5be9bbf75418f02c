import type { Portion } from '../../core/list/portion.ts';
import type { Recurrence } from '../../core/schedule/recurrence.ts';
import type { Row, Table } from '../aws/table/table.ts';

/** When a recurring schedule is looked at next. */
export interface RecurrenceState {
  /** Epoch milliseconds. */
  readonly nextMs: number;
  /** Another one after each change: the condition of the next. It also names the schedule of a long wait. */
  readonly revision: string;
  /** The last time that fired, in epoch milliseconds; 0 for none. */
  readonly firedMs: number;
  /** Why the last time fired nothing; empty when it did. */
  readonly problem: string;
  /** Since when its times wait for the rate of its application, in epoch milliseconds; 0 when none waits. */
  readonly waitsSinceMs: number;
}

export interface KeptRecurrence {
  readonly recurrence: Recurrence;
  readonly state: RecurrenceState;
}

/** The recurring schedules. */
export interface RecurrenceStore {
  find(schedule: string): Promise<KeptRecurrence | undefined>;
  all(): Promise<KeptRecurrence[]>;
  /** Those behind a name, in order: a part of at most 1 MB. */
  after(name: string, limit: number): Promise<Portion<KeptRecurrence>>;
  /** Writes it in the place of `earlier`, or as a new one; answers false when somebody else changed it meanwhile. */
  write(kept: KeptRecurrence, earlier: Recurrence | undefined): Promise<boolean>;
  /** Moves it on if it is still of this revision; answers it as it is then. */
  change(
    schedule: string,
    revision: string,
    state: RecurrenceState,
  ): Promise<{ readonly done: boolean; readonly kept: KeptRecurrence | undefined }>;
  remove(schedule: string): Promise<void>;
}

/** One partition: they are listed together, and one of a thousand writes a second would be the first to mind. */
const rowKey = (schedule: string) => ({ pk: 'recurrence', sk: schedule });

function keptOf(row: Row): KeptRecurrence {
  const { nextMs, turn, firedMs, problem, waitsSinceMs } = row.fields ?? {};
  return {
    recurrence: row.document as Recurrence,
    state: {
      nextMs: Number(nextMs),
      revision: String(turn),
      firedMs: Number(firedMs ?? 0),
      problem: String(problem ?? ''),
      waitsSinceMs: Number(waitsSinceMs ?? 0),
    },
  };
}

const fieldsOf = ({ nextMs, revision, firedMs, problem, waitsSinceMs }: RecurrenceState) => ({
  nextMs,
  turn: revision,
  firedMs,
  problem,
  waitsSinceMs,
});

export function createRecurrenceStore(table: Table): RecurrenceStore {
  return {
    async find(schedule) {
      const row = await table.get(rowKey(schedule), { consistent: true });
      return row && keptOf(row);
    },
    async all() {
      return (await table.query('recurrence')).map(keptOf);
    },
    async after(name, limit) {
      const { rows, last } = await table.page('recurrence', name, limit);
      return { items: rows.map((row) => ({ key: row.sk, item: keptOf(row) })), last };
    },
    write: ({ recurrence, state }, earlier) =>
      table.replace(
        { ...rowKey(recurrence.schedule), document: recurrence, fields: fieldsOf(state) },
        earlier,
      ),
    async change(schedule, revision, state) {
      const { done, row } = await table.change(rowKey(schedule), fieldsOf(state), { turn: revision });
      return { done, kept: row && keptOf(row) };
    },
    remove: (schedule) => table.delete(rowKey(schedule)),
  };
}
