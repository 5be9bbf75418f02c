import { bearerKey, type Principal } from '../../core/access/access.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { KeyStore } from '../../runtime/stores/keys.ts';

/** The caller of a request, by its key. @throws BusbarError unauthorized. */
export async function authenticate(keys: KeyStore, authorization: string | undefined): Promise<Principal> {
  const record = await keys.find(bearerKey(authorization));
  if (record === undefined) {
    throw new BusbarError('unauthorized', 'The key is unknown or was revoked. Ask an admin for a new one.');
  }
  return { application: record.application, role: record.role };
}
