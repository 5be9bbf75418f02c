import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Principal } from '../access/access.ts';
import { createKey, hashKey, isExpired, type KeyRecord, keyIdOf } from '../access/key.ts';
import { parseTimestamp } from '../event/event.ts';
import { BusbarError, invalidField } from '../kernel/errors.ts';
import { linkSecondsDefault, linkSecondsMax, sessionSecondsMax } from './limits.ts';

/**
 * A link that signs in once: its ticket is exchanged for a key of a session. The table knows a ticket by its hash alone.
 */
export interface SignInLink {
  /** SHA-256 of the ticket, in hex. */
  readonly hash: string;
  /** Whose key made it, and the hash of that key. */
  readonly application: string;
  readonly maker: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly expiresAt: string;
}

export const signInLinkSchema = z.strictObject({
  expiresAt: z
    .string()
    .refine((text) => !Number.isNaN(parseTimestamp(text)), {
      message: 'is not an RFC 3339 time such as 2027-01-31T12:00:00Z',
    })
    .optional(),
});
export type SignInLinkSpec = z.output<typeof signInLinkSchema>;

export const redeemSchema = z.strictObject({ ticket: z.string().min(1).max(200) });

interface Random {
  bytes(length: number): Uint8Array;
}

export const createTicket = (random: Random): string =>
  `bbt_${Buffer.from(random.bytes(32)).toString('base64url')}`;

/** Tickets are long and random, so a plain hash cannot be reversed. The prefix keeps it apart from that of a key. */
export const hashTicket = (ticket: string): string =>
  createHash('sha256').update(`ticket:${ticket}`).digest('hex');

/** @throws BusbarError forbidden for whoever has no key, such as a person, who signs in as such. */
export function requireKey({ person, keyId }: Principal): string {
  if (person === undefined && keyId !== undefined) return keyId;
  throw new BusbarError(
    'forbidden',
    person === undefined
      ? 'A sign-in link is made by a key, and this request has none. Send one as `Authorization: Bearer <key>`.'
      : 'You are signed in as a person, and a sign-in link is made by a key only. Open /console/ and sign in there as you do here, or use a key.',
  );
}

/** @throws BusbarError invalid_request for an end that is over, or too far away. */
export function newLink(
  { hash: maker, application, expiresAt: makerEnds }: KeyRecord,
  ticket: string,
  { expiresAt }: SignInLinkSpec,
  nowMs: number,
): SignInLink {
  const endMs = expiresAt === undefined ? nowMs + linkSecondsDefault * 1000 : parseTimestamp(expiresAt);
  if (endMs <= nowMs) throw invalidField('expiresAt', `is ${expiresAt}, which is over. Give a time to come`);
  if (endMs > nowMs + linkSecondsMax * 1000) {
    throw invalidField(
      'expiresAt',
      `is more than ${linkSecondsMax / 60} minutes ahead. Make the link when it is needed`,
    );
  }
  return {
    hash: hashTicket(ticket),
    application,
    maker,
    createdAt: new Date(nowMs).toISOString(),
    expiresAt: new Date(Math.min(endMs, endOf(makerEnds))).toISOString(),
  };
}

/**
 * The key of a session, and its record: of the same application, with the role and scopes that the key which made the
 * link has by now, and no longer than that.
 * @param maker undefined when it was revoked.
 * @throws BusbarError unauthorized when the link has ended, or its maker has.
 */
export function newSession(
  random: Random,
  link: SignInLink | undefined,
  maker: KeyRecord | undefined,
  nowMs: number,
): { readonly key: string; readonly record: KeyRecord } {
  if (link === undefined || isExpired(link, nowMs)) throw unknownLink();
  if (maker === undefined || maker.application !== link.application || isExpired(maker, nowMs)) {
    throw new BusbarError(
      'unauthorized',
      'The key that made this sign-in link was revoked or has expired. Make a link by another key.',
    );
  }
  const { application, role, scopes, session } = maker;
  const key = createKey(random);
  const hash = hashKey(key);
  const endMs = Math.min(nowMs + sessionSecondsMax * 1000, endOf(maker.expiresAt));
  return {
    key,
    record: {
      hash,
      application,
      role,
      keyId: keyIdOf(hash),
      name: 'Console',
      ...(scopes !== undefined && { scopes }),
      expiresAt: new Date(endMs).toISOString(),
      createdAt: new Date(nowMs).toISOString(),
      createdBy: { application, keyId: keyIdOf(maker.hash) },
      // A session that makes a link lets nobody stay longer than the key at its begin.
      session: { maker: session?.maker ?? maker.hash },
    },
  };
}

const endOf = (expiresAt: string | undefined): number =>
  expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);

export const unknownLink = () =>
  new BusbarError(
    'unauthorized',
    'This sign-in link was used already, has expired, or never existed: each signs in once. Make another with `busbar console`.',
  );
