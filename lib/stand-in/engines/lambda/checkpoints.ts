import type { Host } from '../engine.ts';

const table = 'lambda.checkpoints';

/**
 * How far a mapping has read a shard: up to a sequence number, or to its end. A mapping that started at LATEST and
 * has seen no record knows only when it started to listen.
 */
type Checkpoint =
  | { readonly sequenceNumber: string }
  | { readonly sinceMs: number }
  | { readonly ended: true };

export interface Checkpoints {
  get(uuid: string, shardId: string): Checkpoint | undefined;
  /** Whether the mapping has read any shard: if so, it reads new shards from their beginning. */
  any(uuid: string): boolean;
  put(uuid: string, shardId: string, checkpoint: Checkpoint): void;
  forget(uuid: string): void;
}

export function createCheckpoints(host: Host): Checkpoints {
  const byMapping = new Map<string, Map<string, Checkpoint>>();
  const of = (uuid: string) => {
    const shards = byMapping.get(uuid) ?? new Map<string, Checkpoint>();
    byMapping.set(uuid, shards);
    return shards;
  };
  const key = (uuid: string, shardId: string) => `${uuid}/${shardId}`;
  for (const [name, row] of host.store.load(table)) {
    const slash = name.indexOf('/');
    of(name.slice(0, slash)).set(name.slice(slash + 1), row as Checkpoint);
  }
  return {
    get: (uuid, shardId) => of(uuid).get(shardId),
    any: (uuid) => of(uuid).size > 0,
    put(uuid, shardId, checkpoint) {
      of(uuid).set(shardId, checkpoint);
      host.store.put(table, key(uuid, shardId), checkpoint);
    },
    forget(uuid) {
      for (const shardId of of(uuid).keys()) host.store.delete(table, key(uuid, shardId));
      byMapping.delete(uuid);
    },
  };
}
