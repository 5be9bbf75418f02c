import type { Host } from '../engine.ts';
import { notFound } from './errors.ts';
import type { StoredFunction } from './model.ts';
import { functionArn, parseFunctionName } from './names.ts';

const table = 'lambda.functions';

export interface Functions {
  get(name: string): StoredFunction | undefined;
  /** The function that a request names. Throws `ResourceNotFoundException`. */
  find(functionName: unknown, qualifier?: unknown): StoredFunction;
  all(): Iterable<StoredFunction>;
  /** Stores the function under a new revision, and returns it as stored. */
  put(changed: Omit<StoredFunction, 'revisionId' | 'lastModifiedMs'>): StoredFunction;
  delete(name: string): void;
}

/** The functions of the account, in memory and in the store. */
export function createFunctions(host: Host): Functions {
  const byName = new Map<string, StoredFunction>();
  for (const [name, row] of host.store.load(table)) byName.set(name, row as StoredFunction);

  return {
    get: (name) => byName.get(name),
    all: () => byName.values(),
    find(functionName, qualifier) {
      const name = parseFunctionName(host, functionName, qualifier);
      const found = byName.get(name);
      if (found === undefined) throw notFound(`Function not found: ${functionArn(host, name)}`);
      return found;
    },
    put(changed) {
      const stored = { ...changed, revisionId: host.random.uuid(), lastModifiedMs: host.clock.now() };
      byName.set(stored.name, stored);
      host.store.put(table, stored.name, stored);
      return stored;
    },
    delete(name) {
      byName.delete(name);
      host.store.delete(table, name);
    },
  };
}
