import { rateWindowSeconds, sharesOf } from '../../core/access/quotas.ts';
import type { Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';
import { createQuotaNews } from './quota-news.ts';

/** How much applications publish in a second, over all instances. */
export interface RateStore {
  /**
   * Takes what a request publishes from what its application may.
   * @returns in how many seconds there is more, when it is used up; undefined when it may go on.
   */
  take(application: string, count: number, perSecond: number): Promise<number | undefined>;
}

/** What an instance may still publish in a window without asking. */
interface Held {
  readonly window: number;
  left: number;
  /** The window was found to be used up. */
  isOver: boolean;
}

const heldMax = 1000;

export function createRateStore(table: Table, clock: Clock): RateStore {
  const held = new Map<string, Held>();
  const told = createQuotaNews(table, clock);
  return {
    async take(application, count, perSecond) {
      const windowMs = rateWindowSeconds * 1000;
      const window = Math.floor(clock.now() / windowMs);
      const shares = sharesOf(perSecond);
      let own = held.get(application);
      if (own?.window !== window) {
        if (held.size >= heldMax) held.clear();
        own = { window, left: shares.free, isOver: false };
        held.set(application, own);
      }
      const secondsLeft = Math.ceil(((window + 1) * windowMs - clock.now()) / 1000);
      if (shares.all === 0) {
        await told(application, 'publishPerSecond');
        return rateWindowSeconds;
      }
      if (own.left < count && !own.isOver) {
        const asked = Math.max(shares.lease, count - own.left);
        const key = { pk: `rate#${application}`, sk: String(window) };
        const expiresAtSeconds = (window + 2) * rateWindowSeconds;
        const { taken = 0 } = await table.add(key, { taken: asked }, expiresAtSeconds);
        // The last lease may be larger than what is left: by less than one request and one lease.
        if (taken - asked < shares.all) own.left += asked;
        else own.isOver = true;
      }
      if (own.left < count) {
        await told(application, 'publishPerSecond');
        return secondsLeft;
      }
      own.left -= count;
      return undefined;
    },
  };
}
