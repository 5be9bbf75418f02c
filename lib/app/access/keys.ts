import type { Principal } from '../../core/access/access.ts';
import { requireFreeName } from '../../core/access/application.ts';
import {
  checkKeyGrant,
  createKey,
  hashKey,
  type KeyRecord,
  type KeySpec,
  keyIdOf,
  type ShownKey,
  showKey,
} from '../../core/access/key.ts';
import { parseTimestamp } from '../../core/event/event.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type PageQuery, pageOf } from '../list/page.ts';
import { requireApplication, requireManaged } from './applications.ts';
import type { AccessTools } from './authenticate.ts';
import { leavePlace, type PlaceTools, takePlace } from './places.ts';

/** A new key, which is shown only here. */
export interface NewKey extends ShownKey {
  readonly key: string;
}

/**
 * Makes a key for an application, as whoever may invoke the function of the keys does.
 * @param request.key replaces a generated one, so a laptop can have a known key.
 */
export async function makeKey(
  tools: AccessTools,
  request: Omit<KeySpec, 'name'> & {
    readonly application: string;
    readonly name?: string | undefined;
    readonly key?: string | undefined;
    readonly createdBy?: KeyRecord['createdBy'];
  },
): Promise<NewKey> {
  const { application, role, name = '', scopes, expiresAt, createdBy } = request;
  requireFreeName(application);
  const key = request.key ?? createKey(tools.random);
  const hash = hashKey(key);
  const record: KeyRecord = {
    hash,
    application,
    role,
    keyId: keyIdOf(hash),
    name,
    ...(scopes !== undefined && { scopes }),
    ...(expiresAt !== undefined && { expiresAt: new Date(parseTimestamp(expiresAt)).toISOString() }),
    createdAt: new Date(tools.clock.now()).toISOString(),
    ...(createdBy !== undefined && { createdBy }),
  };
  await tools.applications.ensure(application);
  await tools.keys.put(record);
  return { ...showKey(record, undefined), key };
}

/** Makes a key of an application that the caller manages. @throws BusbarError forbidden, unknown_application. */
export async function createKeyOf(
  tools: PlaceTools,
  principal: Principal,
  application: string,
  spec: KeySpec,
): Promise<NewKey> {
  requireManaged(principal, application);
  checkKeyGrant(principal, spec, tools.clock.now());
  await requireApplication(tools, application);
  const { application: by, keyId } = principal;
  const key = createKey(tools.random);
  await takePlace(tools, application, 'keys', keyIdOf(hashKey(key)));
  return await makeKey(tools, {
    ...spec,
    application,
    key,
    createdBy: { application: by, ...(keyId !== undefined && { keyId }) },
  });
}

export async function listKeys(
  tools: AccessTools,
  principal: Principal,
  application: string,
  query: PageQuery,
): Promise<{ keys: ShownKey[]; cursor?: string }> {
  requireManaged(principal, application);
  await requireApplication(tools, application);
  const { items: keys, ...rest } = await pageOf(
    ['keys', application],
    query,
    (after, limit) => tools.keys.after(application, after, limit),
    ({ record, lastUsedOn }) => showKey(record, lastUsedOn),
  );
  return { keys, ...rest };
}

/**
 * Revokes a key of an application that the caller manages. A member cannot revoke the key of an admin.
 * @throws BusbarError forbidden, unknown_key.
 */
export async function revokeKeyOf(
  tools: AccessTools & Tools<'places'>,
  principal: Principal,
  application: string,
  keyId: string,
): Promise<void> {
  requireManaged(principal, application);
  const kept = await tools.keys.named(application, keyId);
  if (kept === undefined) throw unknownKey(`${application} has no key ${keyId}`);
  if (kept.record.role === 'admin' && principal.role !== 'admin') {
    throw new BusbarError('forbidden', `The key ${keyId} is of an admin, which only an admin can revoke.`);
  }
  await tools.keys.delete(kept.record);
  await leavePlace(tools, application, 'keys', keyId);
}

/** Revokes a key itself, as whoever may invoke the function of the keys does. @throws BusbarError unknown_key. */
export async function revokeKey(tools: AccessTools, key: string): Promise<ShownKey> {
  const kept = await tools.keys.byHash(hashKey(key));
  if (kept === undefined) throw unknownKey('No application has this key');
  await tools.keys.delete(kept.record);
  return showKey(kept.record, kept.lastUsedOn);
}

const unknownKey = (problem: string) =>
  new BusbarError('unknown_key', `${problem}: it never existed, or was revoked already.`);
