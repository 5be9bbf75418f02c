import type { Principal } from '../../core/access/access.ts';
import type { KeyRecord } from '../../core/access/key.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import { listLimitMax } from '../../core/list/limits.ts';
import { sessionsMax } from '../../core/sign-in/limits.ts';
import {
  createTicket,
  hashTicket,
  newLink,
  newSession,
  requireKey,
  type SignInLinkSpec,
  unknownLink,
} from '../../core/sign-in/link.ts';
import type { Tools } from '../../runtime/tools.ts';

export type SignInLinkTools = Tools<'keys' | 'signInLinks' | 'wrongKeys'>;

/** Makes a link that signs in once as the key of the caller. @throws BusbarError forbidden, invalid_request. */
export async function createSignInLink(
  tools: SignInLinkTools,
  principal: Principal,
  spec: SignInLinkSpec,
): Promise<{ ticket: string; expiresAt: string }> {
  const maker = await tools.keys.named(principal.application, requireKey(principal));
  if (maker === undefined) {
    throw new BusbarError('forbidden', 'The key of this request was just revoked. Use another one.');
  }
  const ticket = createTicket(tools.random);
  const link = newLink(maker.record, ticket, spec, tools.clock.now());
  await tools.signInLinks.put(link);
  return { ticket, expiresAt: link.expiresAt };
}

/** A key of a session, which is shown only here. */
interface NewSession {
  readonly key: string;
  readonly keyId: string;
  readonly application: string;
  readonly role: KeyRecord['role'];
  readonly scopes?: readonly string[];
  readonly expiresAt: string;
}

/**
 * Exchanges the ticket of a link for a key, once. Wrong tickets count as wrong keys do.
 * @param address from where the request came.
 * @throws BusbarError unauthorized, too_many_wrong_keys, quota_exceeded.
 */
export async function redeemSignInLink(
  tools: SignInLinkTools,
  ticket: string,
  address: string,
): Promise<NewSession> {
  const { clock, keys, signInLinks, wrongKeys } = tools;
  const wait = wrongKeys.waitSeconds(address);
  if (wait > 0) {
    throw new BusbarError(
      'too_many_wrong_keys',
      `Too many wrong keys and tickets came lately, so this one was not looked up. Try again in ${wait} s.`,
      { retryAfterSeconds: wait },
    );
  }
  const link = await signInLinks.find(hashTicket(ticket));
  if (link === undefined) {
    wrongKeys.count(address);
    throw unknownLink();
  }
  const maker = (await keys.byHash(link.maker))?.record;
  const { key, record } = newSession(tools.random, link, await stillValid(tools, maker), clock.now());
  await requireFewSessions(tools, link.application);
  if (!(await signInLinks.redeem(link, record))) throw unknownLink();
  const { application, role, scopes, keyId = '', expiresAt = '' } = record;
  return { key, keyId, application, role, ...(scopes !== undefined && { scopes }), expiresAt };
}

/** A key of a session ends with the key that it came from. */
async function stillValid(
  { keys }: Tools<'keys'>,
  maker: KeyRecord | undefined,
): Promise<KeyRecord | undefined> {
  if (maker?.session === undefined) return maker;
  return (await keys.byHash(maker.session.maker)) === undefined ? undefined : maker;
}

/** They take no place of the quota `keys`, which is for what stays; so they have a bound of their own. */
async function requireFewSessions({ clock, keys }: SignInLinkTools, application: string): Promise<void> {
  let count = 0;
  for (let after: string | undefined = ''; after !== undefined; ) {
    const { items, last }: Awaited<ReturnType<typeof keys.after>> = await keys.after(
      application,
      after,
      listLimitMax,
    );
    count += items.filter(
      ({ item: { record } }) =>
        record.session !== undefined && Date.parse(record.expiresAt ?? '') > clock.now(),
    ).length;
    after = last;
  }
  if (count < sessionsMax) return;
  throw new BusbarError(
    'quota_exceeded',
    `${application} has ${sessionsMax} sessions of sign-in links, which is the most. Revoke some with DELETE /v1/applications/${application}/keys/{keyId}, or wait until they end.`,
    { retryAfterSeconds: 3600 },
  );
}
