import { createHash, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { parseTimestamp } from '../event/event.ts';
import { BusbarError } from '../kernel/errors.ts';
import { type Principal, type Role, rankOf, roles } from './access.ts';
import { keyNameCharactersMax } from './limits.ts';
import { covers, scopesSchema } from './scopes.ts';

/** A key as the table keeps it: its hash, never the key. Keys of earlier releases have neither an id nor a name. */
export interface KeyRecord {
  /** SHA-256 of the key, in hex. */
  readonly hash: string;
  readonly application: string;
  readonly role: Role;
  readonly keyId?: string;
  readonly name?: string;
  readonly scopes?: readonly string[];
  readonly expiresAt?: string;
  readonly createdAt: string;
  /** Which key made it, of which application. */
  readonly createdBy?: { readonly application: string; readonly keyId?: string };
  /** Set for a key that a sign-in link became: the hash of the key that it lasts no longer than. */
  readonly session?: { readonly maker: string };
}

/** A key as lists show it. Times are RFC 3339. */
export interface ShownKey {
  readonly keyId: string;
  readonly application: string;
  readonly name: string;
  readonly role: Role;
  readonly scopes?: readonly string[];
  readonly createdAt: string;
  readonly expiresAt?: string;
  /** The day of its last use, such as `2026-01-31`. */
  readonly lastUsedOn?: string;
  /** Of a person whom a sign-in link let in; it uses up no quota. */
  readonly session?: true;
}

const nameOfKeySchema = z
  .string()
  .regex(
    new RegExp(`^[^\\p{C}\\p{Z}]([^\\p{C}\\p{Zl}\\p{Zp}]{0,${keyNameCharactersMax - 1}})$`, 'u'),
    `is not a valid name of a key: use 1 to ${keyNameCharactersMax} printable characters, not beginning with a space`,
  );

export const keySchema = z.strictObject({
  name: nameOfKeySchema,
  role: z.enum(roles),
  scopes: scopesSchema.optional(),
  expiresAt: z
    .string()
    .refine((text) => !Number.isNaN(parseTimestamp(text)), {
      message: 'is not an RFC 3339 time such as 2027-01-31T12:00:00Z',
    })
    .optional(),
});
export type KeySpec = z.output<typeof keySchema>;

export function createKey(random: { bytes(length: number): Uint8Array }): string {
  return `bbk_${Buffer.from(random.bytes(32)).toString('base64url')}`;
}

/** Keys are long and random, so a plain hash cannot be reversed. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** The id of a key follows from its hash, so that keys of earlier releases have one too. It says nothing about the key. */
export function keyIdOf(hash: string): string {
  return createHash('sha256').update(`keyId:${hash}`).digest('hex').slice(0, 20);
}

/** The hash finds the record; this comparison in constant time decides. */
export function keyMatches(key: string, record: KeyRecord): boolean {
  return timingSafeEqual(Buffer.from(hashKey(key), 'hex'), Buffer.from(record.hash, 'hex'));
}

export const isExpired = ({ expiresAt }: Pick<KeyRecord, 'expiresAt'>, nowMs: number): boolean =>
  expiresAt !== undefined && Date.parse(expiresAt) <= nowMs;

export function showKey(record: KeyRecord, lastUsedOn: string | undefined): ShownKey {
  const { hash, application, role, name = '', scopes, createdAt, expiresAt } = record;
  return {
    keyId: keyIdOf(hash),
    application,
    name,
    role,
    ...(scopes !== undefined && { scopes }),
    createdAt,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(lastUsedOn !== undefined && { lastUsedOn }),
    ...(record.session !== undefined && { session: true as const }),
  };
}

/**
 * What a key may grant to one that it makes: at most its own role, scopes and time. Whether the application may be given
 * keys by it is decided by who owns that.
 * @throws BusbarError invalid_request for a time that is over; forbidden, naming the field that grants too much.
 */
export function checkKeyGrant(maker: Principal, spec: KeySpec, nowMs: number): void {
  const expiresMs = spec.expiresAt === undefined ? undefined : parseTimestamp(spec.expiresAt);
  if (expiresMs !== undefined && expiresMs <= nowMs) {
    const detail = `is ${spec.expiresAt}, which is over`;
    throw new BusbarError('invalid_request', `expiresAt ${detail}. Give a time to come.`, {
      fields: [{ path: 'expiresAt', detail }],
    });
  }
  if (rankOf(spec.role) < rankOf(maker.role)) {
    throw tooMuch('role', `is ${spec.role}, and this key is of a ${maker.role}`);
  }
  if (maker.scopes !== undefined) {
    if (spec.scopes === undefined) {
      throw tooMuch('scopes', `is missing, and this key is limited to ${maker.scopes.join(', ')}`);
    }
    const { scopes } = maker;
    const beyond = spec.scopes.find((scope) => !covers(scopes, scope));
    if (beyond !== undefined) {
      throw tooMuch('scopes', `has ${beyond}, and this key is limited to ${scopes.join(', ')}`);
    }
  }
  if (
    maker.expiresAt !== undefined &&
    !(expiresMs !== undefined && expiresMs <= Date.parse(maker.expiresAt))
  ) {
    throw tooMuch('expiresAt', `must not be after ${maker.expiresAt}, when this key expires`);
  }
}

const tooMuch = (path: string, detail: string) =>
  new BusbarError('forbidden', `${path} ${detail}. A key grants no more than it has; ask an admin.`, {
    fields: [{ path, detail }],
  });
