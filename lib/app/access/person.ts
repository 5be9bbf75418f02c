import type { Principal } from '../../core/access/access.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Tokens } from '../../runtime/staff-tokens.ts';
import type { Tools } from '../../runtime/tools.ts';

/**
 * The caller of a request, by the token of a person. Wrong tokens count as wrong keys do, for each takes a check of a
 * signature.
 * @throws BusbarError unauthorized, forbidden, too_many_wrong_keys, unavailable.
 */
export async function authenticatePerson(
  { applications, wrongKeys }: Tools<'applications' | 'wrongKeys'>,
  tokens: Tokens,
  token: string,
  from: { readonly address: string; readonly application?: string | undefined },
): Promise<Principal> {
  const wait = tokens.hasTaken(token) ? 0 : wrongKeys.waitSeconds(from.address);
  if (wait > 0) {
    const detail = `Too many requests with wrong keys came lately, so this token was not checked. Try again in ${wait} s.`;
    throw new BusbarError('too_many_wrong_keys', detail, { retryAfterSeconds: wait });
  }
  const reading = await tokens.read(token, from.application);
  if (reading.kind === 'unavailable') {
    const { detail, retryAfterSeconds } = reading;
    throw new BusbarError('unavailable', detail, { retryAfterSeconds });
  }
  if (reading.kind === 'refused') {
    if (reading.isGuess) wrongKeys.count(from.address);
    throw new BusbarError(reading.code, reading.detail);
  }
  const { application, role, keyId, tokenExpiresAt } = reading;
  const person = { tokenExpiresAt, applications: reading.applications };
  // An admin does everything in any case; whoever else would own things that belong to nobody.
  if (role === 'admin') return { application, role, keyId, person };
  const found = await applications.cached(application);
  if (found === undefined) {
    throw new BusbarError(
      'forbidden',
      `Your group acts for the application ${application}, which does not exist. Have an admin create it, or declare it in busbar.config.ts.`,
    );
  }
  const children = role === 'member' ? found.children : undefined;
  return { application, role, keyId, person, ...(children !== undefined && { children }) };
}
