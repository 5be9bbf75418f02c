import type { EarlierSecret, Receiver } from '../../core/registry/receiver.ts';
import type { Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';

/** The earlier secrets of receivers, each a row of its own, which DynamoDB erases by itself when its time is over. */
export interface SecretStore {
  keep(receiver: string, earlier: EarlierSecret, secret: string): Promise<void>;
  /** The secrets that are named, in that order; without those that are erased already. */
  read(receiver: string, earlier: readonly EarlierSecret[]): Promise<KeptSecret[]>;
  forget(receiver: string, earlier: Receiver['earlierSecrets']): Promise<void>;
}

export interface KeptSecret extends EarlierSecret {
  readonly secret: string;
}

const rowKey = (receiver: string, id: string) => ({ pk: `secret#${receiver}`, sk: id });

export function createSecretStore(table: Table, clock: Clock): SecretStore {
  /** What is kept under an id never changes, so that it is read once an instance. */
  const remembered = new Map<string, KeptSecret>();

  return {
    async keep(receiver, { id, until }, secret) {
      const expiresAtSeconds = Math.ceil(Date.parse(until) / 1000);
      await table.put({ ...rowKey(receiver, id), document: secret, expiresAtSeconds });
    },
    async read(receiver, earlier) {
      for (const [id, { until }] of remembered) {
        if (Date.parse(until) <= clock.now()) remembered.delete(id);
      }
      const unknown = earlier.filter(({ id }) => !remembered.has(id));
      if (unknown.length > 0) {
        const rows = await table.getMany(unknown.map(({ id }) => rowKey(receiver, id)));
        for (const { sk, document } of rows) {
          const named = unknown.find(({ id }) => id === sk);
          if (named !== undefined) remembered.set(sk, { ...named, secret: String(document) });
        }
      }
      return earlier.flatMap(({ id }) => remembered.get(id) ?? []);
    },
    async forget(receiver, earlier = []) {
      for (const { id } of earlier) {
        remembered.delete(id);
        await table.delete(rowKey(receiver, id));
      }
    },
  };
}
