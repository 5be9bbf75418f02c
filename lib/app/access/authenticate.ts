import { bearerKey, isToken, type Principal } from '../../core/access/access.ts';
import { isExpired, keyIdOf } from '../../core/access/key.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { KeptKey } from '../../runtime/stores/keys.ts';
import type { Tools } from '../../runtime/tools.ts';
import { authenticatePerson } from './person.ts';

export type AccessTools = Tools<'keys' | 'applications'>;
export type AuthenticateTools = AccessTools & Tools<'wrongKeys' | 'tokens'>;

/** How a request says who sends it, and from where it came. */
export interface Credentials {
  readonly authorization: string | undefined;
  readonly address: string;
  /** The application for which a person wants to act; a key has its own. */
  readonly application?: string | undefined;
}

/**
 * The caller of a request, by its key or the token of a person.
 * @throws BusbarError unauthorized, too_many_wrong_keys; for tokens also forbidden, unavailable.
 */
export async function authenticate(tools: AuthenticateTools, credentials: Credentials): Promise<Principal> {
  const key = bearerKey(credentials.authorization);
  const tokens = isToken(key) ? tools.tokens : undefined;
  if (tokens !== undefined) return await authenticatePerson(tools, tokens, key, credentials);
  const { record } = await findKey(tools, key, credentials.address);
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

/**
 * The key of a request, which has not expired. A wrong key costs a read, so after many of them only keys that this
 * instance has seen are let in; theirs are the requests that must not suffer.
 */
async function findKey(tools: AuthenticateTools, key: string, address: string): Promise<KeptKey> {
  const { keys, wrongKeys, clock } = tools;
  const remembered = keys.remembered(key);
  const wait = remembered === undefined ? wrongKeys.waitSeconds(address) : 0;
  if (wait > 0) {
    throw new BusbarError(
      'too_many_wrong_keys',
      `Too many requests with wrong keys came lately, so this key was not looked up. Try again in ${wait} s.`,
      { retryAfterSeconds: wait },
    );
  }
  const kept = remembered === 'unknown' ? undefined : await keys.find(key);
  if (kept === undefined) {
    if (remembered !== 'unknown') wrongKeys.count(address);
    throw new BusbarError(
      'unauthorized',
      isToken(key)
        ? 'This bus takes keys, not the tokens of people. Use a key, or have an operator set oidc in busbar.config.ts.'
        : 'The key is unknown or was revoked. Ask an admin for a new one.',
    );
  }
  const { record } = kept;
  if (isExpired(record, clock.now())) {
    throw new BusbarError('unauthorized', `The key expired at ${record.expiresAt}. Ask for a new one.`);
  }
  if (!(await keys.stands(record))) {
    throw new BusbarError(
      'unauthorized',
      'This session has ended: the key that its sign-in link was made by was revoked. Sign in again.',
    );
  }
  await noteUse(tools, kept);
  return kept;
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
