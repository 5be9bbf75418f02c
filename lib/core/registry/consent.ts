import type { Receiver } from './receiver.ts';
import { mayDeliver, type ValidateMode } from './validation.ts';

/**
 * Whether the bus may turn to a URL for an application: to check its transactions, or to fetch its tokens. Where the
 * operator demands that endpoints agree, these URLs need an agreement too; otherwise a tenant could point the bus at
 * strangers by them. Few of them can answer the handshake themselves, so an endpoint of the application at the same origin
 * agrees for them, or the operator lists the origin.
 */
export function hasConsent(
  url: string,
  application: string,
  rules: {
    readonly validate: ValidateMode;
    readonly trustedOrigins: readonly string[];
    readonly receivers: readonly Receiver[];
  },
): boolean {
  if (rules.validate !== 'handshake') return true;
  const origin = originOf(url);
  if (origin === undefined) return false;
  return (
    rules.trustedOrigins.some((trusted) => originOf(trusted) === origin) ||
    rules.receivers.some(
      (receiver) =>
        receiver.owner === application &&
        // One whose handshake an admin waived has not agreed.
        receiver.validate === 'handshake' &&
        mayDeliver(receiver) &&
        originOf(receiver.endpoint) === origin,
    )
  );
}

const originOf = (text: string): string | undefined =>
  URL.canParse(text) ? new URL(text).origin : undefined;

/** What is wrong with a URL that has no consent, for an error. */
export const withoutConsent = (url: string): string =>
  `is at ${originOf(url) ?? url}, where no endpoint has agreed, as this bus requires. Let a receiver of the same application and origin agree first, or have the operator of the bus add the origin to its stack parameter TrustedOrigins`;
