import { type Lifetime, lifetimeOf } from '../access/acting.ts';
import { mayDeliver, type ValidateMode, type Validation } from './validation.ts';

/**
 * Whether the bus may turn to a URL for an application: to check its transactions, or to fetch its tokens. Where the
 * operator demands that endpoints agree, these URLs need an agreement too; otherwise a tenant could point the bus at
 * strangers by them. Few of them can answer the handshake themselves, so an endpoint of the application at the same origin
 * agrees for them, or the operator lists the origin.
 */

/** Who agreed that the bus calls an origin for a receiver, recorded when the receiver is put. */
export type Consent = { readonly origin: string } & (
  | { readonly by: 'admin' | 'operator' }
  /** An endpoint of the same application: that of this receiver, in this lifetime (its incarnation, or its creation). */
  | { readonly by: 'endpoint'; readonly receiver: string; readonly lifetime: string }
);

/** A receiver, as far as its endpoint may agree for others. */
interface Agreeing extends Lifetime {
  readonly receiver: string;
  readonly endpoint: string;
  readonly validate?: ValidateMode | undefined;
  readonly validation?: Validation;
}

/** What the operator demands and trusts. */
export interface ConsentRules {
  readonly validate: ValidateMode;
  readonly trustedOrigins: readonly string[];
}

/** Who agrees that the bus calls a URL for an application, where agreements are demanded; undefined when nobody does. */
export function consentTo(
  url: string,
  application: string,
  {
    trustedOrigins,
    receivers,
  }: Pick<ConsentRules, 'trustedOrigins'> & { readonly receivers: readonly Agreeing[] },
): Consent | undefined {
  const origin = originOf(url);
  if (origin === undefined) return undefined;
  if (isTrusted(origin, trustedOrigins)) return { origin, by: 'operator' };
  const agreed = receivers.find((receiver) => agrees(receiver, origin, application));
  return agreed && { origin, by: 'endpoint', receiver: agreed.receiver, lifetime: lifetimeOf(agreed) };
}

/**
 * Whether a recorded consent still stands. What has none was put where none was demanded, is at the origin of its own
 * endpoint, or is declared.
 * @param agreed the receiver whose endpoint agreed, as it is now; undefined when it was deleted.
 */
export function stillAgreed(
  url: string,
  { owner, consent }: { readonly owner: string; readonly consent?: Consent },
  { validate, trustedOrigins }: ConsentRules,
  agreed: Agreeing | undefined,
): boolean {
  if (validate !== 'handshake' || consent === undefined) return true;
  const { origin } = consent;
  if (originOf(url) !== origin) return false;
  if (consent.by === 'admin' || isTrusted(origin, trustedOrigins)) return true;
  return (
    consent.by === 'endpoint' &&
    agreed !== undefined &&
    lifetimeOf(agreed) === consent.lifetime &&
    agrees(agreed, origin, owner)
  );
}

/** The consent that an admin gives by putting the receiver. */
export function consentOfAdmin(url: string): Consent | undefined {
  const origin = originOf(url);
  return origin === undefined ? undefined : { origin, by: 'admin' };
}

function agrees(receiver: Agreeing, origin: string, application: string): boolean {
  return (
    receiver.owner === application &&
    // One whose handshake an admin waived has not agreed.
    receiver.validate === 'handshake' &&
    mayDeliver(receiver) &&
    originOf(receiver.endpoint) === origin
  );
}

const isTrusted = (origin: string, trustedOrigins: readonly string[]): boolean =>
  trustedOrigins.some((trusted) => originOf(trusted) === origin);

const originOf = (text: string): string | undefined =>
  URL.canParse(text) ? new URL(text).origin : undefined;

/** What is wrong with a URL that has no consent, for an error. */
export const withoutConsent = (url: string): string =>
  `is at ${originOf(url) ?? url}, where no endpoint has agreed, as this bus requires. Let a receiver of the same application and origin agree first, or have the operator of the bus add the origin to its stack parameter TrustedOrigins`;
