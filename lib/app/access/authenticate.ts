import { bearerKey, type Principal } from '../../core/access/access.ts';
import { isExpired, keyIdOf } from '../../core/access/key.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { KeptKey } from '../../runtime/stores/keys.ts';
import type { Tools } from '../../runtime/tools.ts';

export type AccessTools = Tools<'keys' | 'applications'>;

/** The caller of a request, by its key. @throws BusbarError unauthorized. */
export async function authenticate(
  tools: AccessTools,
  authorization: string | undefined,
): Promise<Principal> {
  const kept = await tools.keys.find(bearerKey(authorization));
  if (kept === undefined) {
    throw new BusbarError('unauthorized', 'The key is unknown or was revoked. Ask an admin for a new one.');
  }
  const { record } = kept;
  if (isExpired(record, tools.clock.now())) {
    throw new BusbarError('unauthorized', `The key expired at ${record.expiresAt}. Ask for a new one.`);
  }
  await noteUse(tools, kept);
  const { application, role, hash, scopes, expiresAt } = record;
  const children = role === 'member' ? (await tools.applications.cached(application))?.children : undefined;
  return {
    application,
    role,
    keyId: keyIdOf(hash),
    ...(scopes !== undefined && { scopes }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(children !== undefined && { children }),
  };
}

/** Writes the day of the last use at most once a day. A request does not fail because that could not be written. */
async function noteUse(tools: AccessTools, kept: KeptKey): Promise<void> {
  const today = new Date(tools.clock.now()).toISOString().slice(0, 10);
  if (kept.lastUsedOn === today) return;
  const { application, keyId } = kept.record;
  try {
    await tools.keys.touch(kept, today);
    // A key of an earlier release may be the first that is seen of its application.
    if (keyId === undefined) await tools.applications.ensure(application);
  } catch (error) {
    tools.log('error', 'The use of a key could not be noted', { application, reason: String(error) });
  }
}
