import { wakesRelay } from '../../core/relay/relay.ts';
import { systemEventsPk } from '../../core/system-event/stored.ts';
import { idOf, type Reported, type SystemEvent } from '../../core/system-event/system-event.ts';
import type { Row, Table } from '../aws/table/table.ts';
import type { Unconditional, Write } from '../aws/table/transact.ts';

/** What waits to be sent, or was a moment ago: a row for each type and subject. */
export interface WaitingReport {
  readonly reported: Reported;
  /** When the last one of its type and subject was sent, epoch milliseconds; undefined if that is long ago. */
  readonly sentAtMs: number | undefined;
  /** False when it is there only to say when the last one was sent. */
  readonly waits: boolean;
  readonly wokenAtMs: number | undefined;
  /** How often it has changed since the last one was sent: the mark of what was read. */
  readonly changes: number;
}

/**
 * System events between what they report and their relay. What a store writes together with a change is made by
 * `systemEventWrite`; this one reports what no row changes for.
 */
export interface SystemEventStore {
  report(event: SystemEvent): Promise<void>;
  all(): Promise<WaitingReport[]>;
  /** Notes that it was sent; what was added since it was read waits on. */
  sent(report: WaitingReport, nowMs: number): Promise<void>;
  /** Has the stream bring the relay once more. */
  wake(report: WaitingReport, nowMs: number): Promise<void>;
  /** What was kept for a time that has come, some of it. */
  later(nowMs: number): Promise<{ readonly sk: string; readonly event: SystemEvent }[]>;
  forgetLater(sk: string): Promise<void>;
}

/** It is reported in the end, however long the relay cannot: a table outlives any outage. */
const keptSeconds = 90 * 24 * 3600;
/** How long the row says when the last one was sent: longer than the least time between two. */
const sentSeconds = 10 * 60;
const laterAtOnce = 100;

const laterPk = 'system-events-later';
const countPrefix = 'n:';

const rowKey = ({ type, subject, testOf }: SystemEvent) => ({
  pk: systemEventsPk,
  sk: testOf === undefined ? `${type}#${subject}` : `test#${testOf}`,
});

/** The write of a system event, for the transaction of the change that it reports. */
function systemEventWrite(event: SystemEvent): Write {
  const { counts = {}, ...document } = event;
  const key = rowKey(event);
  return {
    merge: {
      ...key,
      document,
      expiresAtSeconds: Math.ceil(event.atMs / 1000) + keptSeconds,
      set: wakesRelay,
      once: { eventId: idOf(key.sk, event.atMs), sinceMs: event.atMs },
      add: {
        changes: 1,
        ...Object.fromEntries(
          Object.entries(counts).map(([kind, count]) => [`${countPrefix}${kind}`, count]),
        ),
      },
    },
  };
}

/** The same for several; a transaction takes each row once. */
export const systemEventWrites = (events: readonly SystemEvent[]): Write[] => events.map(systemEventWrite);

/** Reports what no row changes for. */
export async function reportAll(table: Table, events: readonly SystemEvent[]): Promise<void> {
  for (const event of events) {
    const write = systemEventWrite(event);
    if ('merge' in write) await table.merge(write.merge);
  }
}

/**
 * Replaces a row that is still as it was read, and reports the change with it; returns whether it did.
 * @param beside what else is written with it.
 */
export const replaceAndReport = (
  table: Table,
  row: Row,
  was: unknown,
  reports: readonly SystemEvent[],
  beside: readonly Write[] = [],
): Promise<boolean> =>
  reports.length + beside.length === 0
    ? table.replace(row, was)
    : table.transact([{ put: row, was }, ...beside, ...systemEventWrites(reports)]);

/** The key of what is kept for later. */
const laterKey = (key: string, atMs: number) => ({
  pk: laterPk,
  sk: `${new Date(atMs).toISOString()}#${key}`,
});

/** The write that keeps one for later: it is reported from then on. */
export const laterWrite = (key: string, atMs: number, event: SystemEvent): Unconditional => ({
  put: { ...laterKey(key, atMs), document: event, expiresAtSeconds: Math.ceil(atMs / 1000) + keptSeconds },
});

export const forgetLaterWrite = (key: string, atMs: number): Unconditional => ({
  delete: laterKey(key, atMs),
});

export function createSystemEventStore(table: Table): SystemEventStore {
  return {
    report: (event) => reportAll(table, [event]),

    all: async () => (await table.query(systemEventsPk)).map(readRow),

    async sent({ reported, changes }, nowMs) {
      const key = rowKey(reported);
      const counted = Object.entries(reported.counts ?? {}).map(
        ([kind, count]) => [`${countPrefix}${kind}`, count] as const,
      );
      const isDone = await table.settle(
        key,
        { sentAtMs: nowMs, expiresAt: Math.ceil(nowMs / 1000) + sentSeconds },
        ['wakes', 'eventId', 'sinceMs', 'changes', 'wokenAtMs', ...counted.map(([name]) => name)],
        { eventId: reported.id, changes },
      );
      if (isDone) return;
      // More of it happened meanwhile, which waits under another id; the next sweep wakes it.
      await table.settle(
        key,
        { sentAtMs: nowMs, sinceMs: nowMs, eventId: idOf(key.sk, nowMs, changes) },
        [],
        { eventId: reported.id },
        Object.fromEntries([
          ['changes', -changes],
          ...counted.map(([name, count]) => [name, -count] as const),
        ]),
      );
    },

    async wake({ reported }, nowMs) {
      await table.change(rowKey(reported), { wokenAtMs: nowMs }, { eventId: reported.id });
    },

    async later(nowMs) {
      const { rows } = await table.page(laterPk, '', laterAtOnce);
      return rows
        .filter(({ sk }) => sk < new Date(nowMs).toISOString())
        .map(({ sk, document }) => ({ sk, event: document as SystemEvent }));
    },
    forgetLater: (sk) => table.delete({ pk: laterPk, sk }),
  };
}

function readRow({ document, fields = {} }: Row): WaitingReport {
  const event = document as SystemEvent;
  const number = (name: string) => (typeof fields[name] === 'number' ? fields[name] : undefined);
  const counts = Object.fromEntries(
    Object.entries(fields).flatMap(([name, count]) =>
      name.startsWith(countPrefix) && Number(count) > 0
        ? [[name.slice(countPrefix.length), Number(count)]]
        : [],
    ),
  );
  return {
    reported: {
      ...event,
      id: String(fields.eventId ?? ''),
      sinceMs: number('sinceMs') ?? event.atMs,
      ...(Object.keys(counts).length > 0 && { counts }),
    },
    sentAtMs: number('sentAtMs'),
    waits: fields.wakes !== undefined,
    wokenAtMs: number('wokenAtMs'),
    changes: number('changes') ?? 0,
  };
}
