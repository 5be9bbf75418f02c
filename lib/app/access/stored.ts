import { quotaExceeded, quotaOf } from '../../core/access/quotas.ts';
import {
  type Amount,
  delayedCell,
  holdCell,
  holdOfCell,
  negative,
  openCell,
  type Stored,
} from '../../core/access/stored.ts';
import { utf8Bytes } from '../../core/event/event.ts';
import type { HeldEvent } from '../../core/hold/held.ts';
import { isOpen } from '../../core/hold/hold.ts';
import type { BusbarError } from '../../core/kernel/errors.ts';
import type { Payer } from '../../runtime/stores/applications.ts';
import type { HoldName } from '../../runtime/stores/held.ts';
import type { Tools } from '../../runtime/tools.ts';

export type UsageTools = Tools<'applications' | 'usage' | 'holds'>;
type CountTools = Tools<'applications' | 'usage'>;

/**
 * Whether what would exceed a quota is refused, or counted all the same, because the bus has accepted it before: an event
 * of a transaction that is due later, or one that is due while its topic is on hold.
 */
export type Counting = 'refuse' | 'count';

/** Counts what is about to be stored for an application, for its parent as well; returns the refusal, if it is one. */
export async function takeStored(
  tools: UsageTools,
  application: string,
  stored: readonly Stored[],
  how: Counting,
): Promise<BusbarError | undefined> {
  const taken: string[] = [];
  for (const payer of await tools.applications.payersOf(application)) {
    const { name } = payer;
    const limits = limitsOf(payer);
    if (how === 'count') {
      await tools.usage.count(name, stored, limits);
      continue;
    }
    let over = await tools.usage.take(name, stored, limits);
    if (over !== undefined && (await forgetHolds(tools, name, over.cells ?? []))) {
      over = await tools.usage.take(name, stored, limits);
    }
    if (over === undefined) {
      taken.push(name);
      continue;
    }
    for (const earlier of taken) await tools.usage.count(earlier, stored.map(negative), limits);
    await tools.usage.refused(name, over.quota);
    const limit = over.quota === 'delayedEvents' ? limits.events : limits.bytes;
    return quotaExceeded(over.quota, name, limit, over.retryAfterSeconds);
  }
  return undefined;
}

/** What is no longer stored, before its time. It only makes a count better: a failure must not undo what was done. */
export async function giveBack(
  tools: CountTools,
  application: string | undefined,
  stored: readonly Stored[],
): Promise<void> {
  if (application === undefined || stored.length === 0) return;
  try {
    for (const payer of await tools.applications.payersOf(application)) {
      await tools.usage.count(payer.name, stored.map(negative), limitsOf(payer));
    }
  } catch (error) {
    tools.log('warn', 'What an application has stored could not be counted', {
      application,
      reason: String(error),
    });
  }
}

/** What an event takes up while it waits until it is due. */
export const delayedStored = (event: { readonly body: string }, dueAtMs: number, atMs: number): Stored => ({
  cell: delayedCell(dueAtMs, atMs),
  events: 1,
  bytes: utf8Bytes(event.body),
});

/** What the events of an open transaction take up. */
export const openStored = (bytes: number, createdAt: string): Stored[] =>
  bytes === 0 ? [] : [{ cell: openCell(Date.parse(createdAt)), events: 0, bytes }];

/** What held events take up, by the applications that published them. */
export function heldStored(hold: HoldName, events: readonly HeldEvent[]): ReadonlyMap<string, Stored[]> {
  const byApplication = new Map<string, Stored[]>();
  for (const { acting, body } of events) {
    if (acting === undefined) continue;
    const { application } = acting.actor;
    const bytes = utf8Bytes(body) + (byApplication.get(application)?.[0]?.bytes ?? 0);
    byApplication.set(application, [{ cell: holdCell(hold), events: 0, bytes }]);
  }
  return byApplication;
}

/** The events are held no longer. */
export async function giveBackHeld(
  tools: CountTools,
  hold: HoldName,
  events: readonly HeldEvent[],
): Promise<void> {
  for (const [application, stored] of heldStored(hold, events)) await giveBack(tools, application, stored);
}

const limitsOf = ({ application }: Payer): Amount => ({
  events: quotaOf(application, 'delayedEvents'),
  bytes: quotaOf(application, 'storedBytes'),
});

/**
 * Compares with what there is: a hold that is over holds nothing, whatever a crash left in its cell.
 * @returns whether there were such cells.
 */
async function forgetHolds(
  tools: UsageTools,
  application: string,
  cells: readonly Stored[],
): Promise<boolean> {
  let forgot = false;
  for (const { cell } of cells) {
    const name = holdOfCell(cell);
    if (name === undefined) continue;
    const hold = await tools.holds.find(name.topic);
    if (hold?.id === name.id && isOpen(hold)) continue;
    await tools.usage.forget(application, cell);
    forgot = true;
  }
  return forgot;
}
