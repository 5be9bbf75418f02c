import type { Principal } from '../../core/access/access.ts';

/** What a key is and may do, or a person, with all that they may act as. */
export async function me({ application, role, keyId = '', scopes, expiresAt, person }: Principal) {
  return {
    application,
    role,
    keyId,
    ...(scopes !== undefined && { scopes }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(person !== undefined && { expiresAt: person.tokenExpiresAt, applications: person.applications }),
  };
}
