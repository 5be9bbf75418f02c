import { newsOfQuota } from '../../core/system-event/news.ts';
import { reportSeconds } from '../../core/system-event/system-event.ts';
import type { Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';
import { reportAll } from './system-events.ts';

const toldMax = 1000;

/** Reports that a quota refused something: an instance does so at most once a minute for each application and quota. */
export function createQuotaNews(table: Table, clock: Clock) {
  const toldAtMs = new Map<string, number>();
  return async (application: string, quota: string): Promise<void> => {
    const nowMs = clock.now();
    const name = `${application} ${quota}`;
    if (nowMs - (toldAtMs.get(name) ?? Number.NEGATIVE_INFINITY) < reportSeconds * 1000) return;
    if (toldAtMs.size >= toldMax) toldAtMs.clear();
    toldAtMs.set(name, nowMs);
    await reportAll(table, newsOfQuota(application, quota, nowMs));
  };
}
