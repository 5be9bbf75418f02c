import type { DeliveryRecord } from '../../core/deliver/delivery.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { Table } from '../aws/table/table.ts';

/** The records of deliveries that failed at least once; one that succeeds at once leaves none. */
export interface DeliveryStore {
  find(deliveryIds: readonly string[]): Promise<ReadonlyMap<string, DeliveryRecord>>;
  put(records: readonly DeliveryRecord[]): Promise<void>;
}

const rowKey = (deliveryId: string) => ({ pk: `delivery#${deliveryId}`, sk: 'delivery' });

export function createDeliveryStore(table: Table): DeliveryStore {
  return {
    async find(deliveryIds) {
      const rows = await table.getMany([...new Set(deliveryIds)].map(rowKey));
      const records = rows.map((row) => row.document as DeliveryRecord);
      return new Map(records.map((record) => [record.deliveryId, record]));
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
