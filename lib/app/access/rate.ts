import type { Principal } from '../../core/access/access.ts';
import { quotaExceeded, quotaOf } from '../../core/access/quotas.ts';
import type { Payer } from '../../runtime/stores/applications.ts';
import type { Tools } from '../../runtime/tools.ts';

export type RateTools = Tools<'applications' | 'rates'>;

/**
 * Counts what a request publishes, in the quota of its application and in that of its parent. Whoever calls without a key
 * was let in by IAM.
 * @throws BusbarError quota_exceeded.
 */
export async function takeRate(tools: RateTools, principal: Principal, count: number): Promise<void> {
  if (principal.keyId === undefined || count === 0) return;
  const over = await take(tools, await tools.applications.payersOf(principal.application), count);
  if (over !== undefined) {
    throw quotaExceeded('publishPerSecond', over.application, over.perSecond, over.waitSeconds);
  }
}

/**
 * Counts what the bus publishes for an application: entries of its outbox, firings of its schedules. What is beyond the
 * rate waits. Transactions were counted when they began.
 * @returns how many may go now, and in how many seconds there is more, when these are not all.
 */
export async function takeRateUpTo(
  tools: RateTools,
  application: string,
  count: number,
): Promise<{ readonly taken: number; readonly waitSeconds?: number }> {
  const payers = await tools.applications.payersOf(application);
  // One by one: an instance asks others only for a lease, and a rate lower than a batch must not stop all of it.
  for (let taken = 0; taken < count; taken++) {
    const over = await take(tools, payers, 1);
    if (over !== undefined) return { taken, waitSeconds: over.waitSeconds };
  }
  return { taken: count };
}

async function take({ rates }: RateTools, payers: readonly Payer[], count: number) {
  for (const { name, application } of payers) {
    const perSecond = quotaOf(application, 'publishPerSecond');
    const waitSeconds = await rates.take(name, count, perSecond);
    if (waitSeconds !== undefined) return { application: name, perSecond, waitSeconds };
  }
  return undefined;
}
