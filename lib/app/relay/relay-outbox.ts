import { BusbarError } from '../../core/kernel/errors.ts';
import { type Refused, refusedIdOf } from '../../core/refused/refused.ts';
import { isOrdered, type OutboxRow, outboxOwner, readOutbox } from '../../core/relay/outbox.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type RateTools, takeRateUpTo } from '../access/rate.ts';
import type { PublishTools } from '../publish/publish.ts';
import { type KeepRefusedTools, keepRefused } from '../refused/keep-refused.ts';
import { type Outgoing, type Sent, sendStored } from './send-stored.ts';

/** How long one invocation of the relay goes on with what is there; the rest is left to the next. */
const relaySliceSeconds = 30;

/** How many entries of one key are read at a time. */
const relayPageRows = 25;

export type RelayOutboxTools = PublishTools & KeepRefusedTools & RateTools & Tools<'outbox'>;

/**
 * Publishes the entries of these partitions of the outbox, in the order of each. A published entry is deleted, one that
 * can never be published is listed as refused, and one that must wait stays for the sweep, with all entries behind it.
 * The stream only says where to look: the table counts, so a record that comes twice finds nothing the second time.
 * An application publishes by its outbox no more than its rate allows: what is beyond it is left to the sweep.
 * @returns the partitions that the stream is to bring again at once: those with entries left, when nothing at all could
 * be done. When others made progress, a key that must wait is left to the sweep, so the stream does not wait with it;
 * it never waits with one that is over its rate.
 */
export async function relayOutbox(tools: RelayOutboxTools, pks: readonly string[]): Promise<Set<string>> {
  let done = 0;
  const left = new Set<string>();
  const endMs = tools.clock.now() + relaySliceSeconds * 1000;
  let open = [...new Set(pks)];
  while (open.length > 0 && tools.clock.now() < endMs) {
    const pages = await Promise.all(
      open.map(async (pk) => {
        try {
          return { pk, ...(await tools.outbox.first(pk, relayPageRows)) };
        } catch (error) {
          tools.log('error', 'A partition of the outbox could not be read', { pk, reason: String(error) });
          left.add(pk);
          return undefined;
        }
      }),
    );
    const found = pages.filter((page) => page !== undefined);
    const { waiting, overRate, count } = await relayRows(
      tools,
      found.flatMap(({ rows }) => rows),
    );
    done += count;
    for (const pk of waiting) left.add(pk);
    const stays = new Set([...waiting, ...overRate]);
    open = found.filter(({ pk, hasMore }) => hasMore && !stays.has(pk)).map(({ pk }) => pk);
  }
  // When the time slice is over, the next invocation continues.
  for (const pk of open) left.add(pk);
  return done > 0 && open.length === 0 ? new Set() : left;
}

/** Relays rows; returns the partitions of the rows that stay, and how many are done. */
async function relayRows(
  tools: RelayOutboxTools,
  all: readonly OutboxRow[],
): Promise<{ waiting: Set<string>; overRate: Set<string>; count: number }> {
  const { rows, overRate, failed } = await withinRate(tools, all);
  const nowMs = tools.clock.now();
  const done: OutboxRow[] = [];
  const waiting = failed;
  const finish = async (row: OutboxRow, sent: Sent | undefined, eventId: string | undefined) => {
    try {
      if (sent === undefined) waiting.add(row.pk);
      else if (sent.kind === 'again') (sent.isOverQuota === true ? overRate : waiting).add(row.pk);
      else {
        // Listed before it is deleted, so it cannot vanish in between.
        if (sent.kind === 'refused') await keepRefused(tools, aboutOf(row, eventId), sent, row.event ?? '');
        done.push(row);
      }
    } catch (error) {
      tools.log('error', 'A refused entry could not be kept', { pk: row.pk, reason: String(error) });
      waiting.add(row.pk);
    }
  };

  const readable: { row: OutboxRow; outgoing: Outgoing }[] = [];
  for (const row of rows) {
    try {
      const { target, entry } = readOutbox(row, readable.length, nowMs);
      const { application } = outboxOwner(row.pk) ?? { application: '' };
      readable.push({
        row,
        outgoing: {
          target,
          entry,
          // Whoever may write in an application's name publishes as the application, to what it owns.
          principal: { application, role: 'member' },
          writtenAtMs: row.atMs,
          ...(isOrdered(row.pk) && { orderKey: row.pk }),
        },
      });
    } catch (error) {
      await finish(row, refusedBecause(error), undefined);
    }
  }
  const results = await sendStored(
    tools,
    readable.map(({ outgoing }) => outgoing),
  );
  for (const [at, { row, outgoing }] of readable.entries()) {
    const { entry } = outgoing;
    await finish(row, results[at], 'error' in entry ? entry.id : entry.event.id);
  }
  try {
    await tools.outbox.delete(done);
  } catch (error) {
    tools.log('error', 'Published entries could not be deleted', {
      count: done.length,
      reason: String(error),
    });
    for (const { pk } of done) waiting.add(pk);
    return { waiting, overRate, count: 0 };
  }
  return { waiting, overRate, count: done.length };
}

/** The rows that the rates of their applications let go now, and the partitions of the others. */
async function withinRate(
  tools: RelayOutboxTools,
  all: readonly OutboxRow[],
): Promise<{ rows: OutboxRow[]; overRate: Set<string>; failed: Set<string> }> {
  const rows = new Set(all);
  const overRate = new Set<string>();
  const failed = new Set<string>();
  const byApplication = Map.groupBy(all, ({ pk }) => outboxOwner(pk)?.application);
  for (const [application, own] of byApplication) {
    // What is nobody's is refused.
    if (application === undefined) continue;
    let taken = 0;
    let stays = overRate;
    try {
      taken = (await takeRateUpTo(tools, application, own.length)).taken;
    } catch (error) {
      tools.log('error', 'The rate of an application could not be read', {
        application,
        reason: String(error),
      });
      stays = failed;
    }
    // In their order: of a key, nothing goes behind what stays.
    for (const row of own.slice(taken)) {
      rows.delete(row);
      stays.add(row.pk);
    }
  }
  return { rows: [...rows], overRate, failed };
}

/** An unreadable row is refused, so it never blocks the others. */
function refusedBecause(error: unknown): Sent {
  const known =
    error instanceof BusbarError
      ? error
      : new BusbarError(
          'internal',
          `The entry could not be read: ${String(error)}. Report it as a bug of the bus.`,
        );
  return { kind: 'refused', code: known.code, detail: known.message, errors: known.fields };
}

function aboutOf(row: OutboxRow, eventId: string | undefined): Parameters<typeof keepRefused>[1] {
  const { application, key } = outboxOwner(row.pk) ?? { application: 'none', key: row.pk };
  const about: Omit<Refused, 'code' | 'detail' | 'errors' | 'refusedAt' | 'times'> = {
    id: refusedIdOf('outbox', row.pk, row.sk),
    application,
    from: 'outbox',
    key,
    ...(row.topic !== undefined && { topic: row.topic }),
    ...(row.receiver !== undefined && { receiver: row.receiver }),
    ...(eventId !== undefined && { eventId }),
  };
  return about;
}
