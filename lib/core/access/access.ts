import { createHash, timingSafeEqual } from 'node:crypto';
import { BusbarError } from '../kernel/errors.ts';

export type Role = 'admin' | 'member';

/** Who calls: an application by one of its keys. */
export interface Principal {
  readonly application: string;
  readonly role: Role;
}

/** A key as the table keeps it: its hash, never the key. */
export interface KeyRecord extends Principal {
  /** SHA-256 of the key, in hex. */
  readonly hash: string;
  readonly createdAt: string;
}

export function createKey(random: { bytes(length: number): Uint8Array }): string {
  return `bbk_${Buffer.from(random.bytes(32)).toString('base64url')}`;
}

/** Keys are long and random, so a plain hash cannot be reversed. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** The hash finds the record; this comparison in constant time decides. */
export function keyMatches(key: string, record: KeyRecord): boolean {
  return timingSafeEqual(Buffer.from(hashKey(key), 'hex'), Buffer.from(record.hash, 'hex'));
}

/** The key of `Authorization: Bearer <key>`. @throws BusbarError unauthorized. */
export function bearerKey(authorization: string | undefined): string {
  const key = /^Bearer +(\S+)$/i.exec(authorization?.trim() ?? '')?.[1];
  if (key !== undefined) return key;
  throw new BusbarError(
    'unauthorized',
    authorization === undefined
      ? 'The request has no key. Send it as `Authorization: Bearer <key>`.'
      : 'The Authorization header is not of the form `Bearer <key>`.',
  );
}

/**
 * An admin may do everything; a member may use its own topics and receivers.
 * @throws BusbarError forbidden, naming the owner.
 */
export function requireOwner(principal: Principal, owner: string, what: string): void {
  if (principal.role === 'admin' || principal.application === owner) return;
  throw new BusbarError(
    'forbidden',
    `${what} belongs to the application ${owner}; this key belongs to ${principal.application}. Ask its owner or an admin.`,
  );
}
