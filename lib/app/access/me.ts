import type { Principal } from '../../core/access/access.ts';

/** What a key is and may do. */
export async function me({ application, role, keyId = '', scopes, expiresAt }: Principal) {
  return {
    application,
    role,
    keyId,
    ...(scopes !== undefined && { scopes }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}
