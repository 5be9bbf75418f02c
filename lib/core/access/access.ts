import { BusbarError } from '../kernel/errors.ts';

/**
 * `admin` may do everything; `member` uses what its application owns; `viewer` only reads that. Each allows what those after
 * it do.
 */
export const roles = ['admin', 'member', 'viewer'] as const;
export type Role = (typeof roles)[number];

/** How many roles allow more. */
export const rankOf = (role: Role): number => roles.indexOf(role);

/** Who calls: an application by one of its keys, or by a person who signed in. */
export interface Principal {
  readonly application: string;
  readonly role: Role;
  /** Which of its keys, or which person; undefined for what calls without either, such as an invocation of a function. */
  readonly keyId?: string;
  /** What the key may do of what its role allows; undefined for all of it. */
  readonly scopes?: readonly string[];
  /** When the key expires. RFC 3339. */
  readonly expiresAt?: string;
  /** The applications whose parent is this one; a member manages what they own. */
  readonly children?: readonly string[];
  /** Set for a person, who is no key. */
  readonly person?: Person;
}

/** A person who signed in. Their token ends, but not what they may do, so nothing that they make ends with it. */
export interface Person {
  /** RFC 3339. */
  readonly tokenExpiresAt: string;
  /** For which applications they may act, and as what; the strongest first. */
  readonly applications: readonly { readonly application: string; readonly role: Role }[];
}

/** Whether what a request is sent with is the token of a person: a JSON object, claims and a signature. No key has dots. */
export const isToken = (key: string): boolean => /^eyJ[\w-]*\.[\w-]*\.[\w-]*$/.test(key);

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

/** Whether what an application owns is the caller's: its own, its children's, or everything for an admin. */
export function owns({ role, application, children }: Principal, owner: string | undefined): boolean {
  if (role === 'admin') return true;
  if (owner === undefined) return false;
  return owner === application || (role === 'member' && children?.includes(owner) === true);
}

/**
 * An admin may do everything; a member may use what its application and the children of that own; a viewer, which is
 * refused every change before, may look at what its application owns.
 * @throws BusbarError forbidden, naming the owner.
 */
export function requireOwner(principal: Principal, owner: string, what: string): void {
  if (owns(principal, owner)) return;
  const caller = principal.person === undefined ? 'this key belongs to' : 'you act for';
  throw new BusbarError(
    'forbidden',
    `${what} belongs to the application ${owner}; ${caller} ${principal.application}. Ask its owner or an admin.`,
  );
}

/**
 * Whether the caller may look at what is open to every member, such as a topic and who is subscribed to it: a viewer looks
 * only at what its application owns.
 */
export const mayLook = (principal: Principal, owner: string): boolean =>
  principal.role !== 'viewer' || owns(principal, owner);

/** @throws BusbarError forbidden, naming the owner. */
export function requireLook(principal: Principal, owner: string, what: string): void {
  if (!mayLook(principal, owner)) requireOwner(principal, owner, what);
}

/** Whose resources a list shows: a member's own, or everybody's. No application has the name of the latter. */
export const scopeName = ({ role, application }: Principal): string => (role === 'admin' ? '*' : application);
