import { isOfLifetime, type Lifetime } from '../../core/access/acting.ts';
import type { DeliveryRecord } from '../../core/deliver/delivery.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { Table } from '../aws/table/table.ts';

/** The records of deliveries that failed at least once; one that succeeds at once leaves none. */
export interface DeliveryStore {
  /** @param lifetime of their receiver: records of an earlier receiver of the name are left out. */
  find(
    deliveryIds: readonly string[],
    lifetime?: Pick<Lifetime, 'createdAt' | 'incarnation'>,
  ): Promise<ReadonlyMap<string, DeliveryRecord>>;
  put(records: readonly DeliveryRecord[]): Promise<void>;
}

const rowKey = (deliveryId: string) => ({ pk: `delivery#${deliveryId}`, sk: 'delivery' });

export function createDeliveryStore(table: Table): DeliveryStore {
  return {
    async find(deliveryIds, lifetime) {
      const rows = await table.getMany([...new Set(deliveryIds)].map(rowKey));
      const records = rows.map((row) => row.document as DeliveryRecord);
      const own = records.filter(
        (record) => lifetime === undefined || isOfLifetime(record, record.firstAttemptAtMs, lifetime),
      );
      return new Map(own.map((record) => [record.deliveryId, record]));
    },
    put: (records) =>
      table.putMany(
        records.map((record) => ({
          ...rowKey(record.deliveryId),
          document: record,
          expiresAtSeconds: Math.ceil(record.lastAttemptAtMs / 1000) + bus.deliveryRecordSeconds,
        })),
      ),
  };
}
