import type { Principal } from '../../core/access/access.ts';
import { quotaExceeded, quotaOf } from '../../core/access/quotas.ts';
import type { Tools } from '../../runtime/tools.ts';

export type RateTools = Tools<'applications' | 'rates'>;

/**
 * Counts what an application publishes, in its own quota and in that of its parent. Whoever calls without a key was let
 * in by IAM, or is the bus itself, which publishes what it has counted before.
 * @throws BusbarError quota_exceeded.
 */
export async function takeRate(tools: RateTools, principal: Principal, count: number): Promise<void> {
  if (principal.keyId === undefined || count === 0) return;
  const own = await tools.applications.cached(principal.application);
  const parent = own?.parent === undefined ? undefined : await tools.applications.cached(own.parent);
  const payers = [{ name: principal.application, application: own }];
  if (parent !== undefined) payers.push({ name: parent.application, application: parent });
  for (const { name, application } of payers) {
    const perSecond = quotaOf(application, 'publishPerSecond');
    const waitSeconds = await tools.rates.take(name, count, perSecond);
    if (waitSeconds !== undefined) throw quotaExceeded('publishPerSecond', name, perSecond, waitSeconds);
  }
}
