import { createKey, hashKey, type KeyRecord, type Role } from '../../core/access/access.ts';
import type { Tools } from '../../runtime/tools.ts';

export type KeyTools = Tools<'keys'>;

/**
 * Makes a key for an application; it is shown only once.
 * @param key replaces a generated one, so a laptop can have a known key.
 */
export async function makeKey(
  tools: KeyTools,
  request: { readonly application: string; readonly role: Role; readonly key?: string | undefined },
): Promise<{ key: string } & Omit<KeyRecord, 'hash'>> {
  const key = request.key ?? createKey(tools.random);
  const record: KeyRecord = {
    application: request.application,
    role: request.role,
    hash: hashKey(key),
    createdAt: new Date(tools.clock.now()).toISOString(),
  };
  await tools.keys.put(record);
  const { hash: _, ...shown } = record;
  return { key, ...shown };
}

/** Revokes a key; functions that have it cached still accept it for up to a minute. */
export async function revokeKey(tools: KeyTools, key: string): Promise<void> {
  await tools.keys.delete(hashKey(key));
}
