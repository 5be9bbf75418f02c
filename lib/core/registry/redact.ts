import type { Receiver } from './receiver.ts';
import { credentialHeader } from './receiver.ts';

/** Shorter ones would blacken ordinary words. */
const shortest = 4;

/** Everything that a receiver's requests carry and nobody may read: an endpoint that echoes them must not show them. */
export function credentialsOf(receiver: Receiver, token?: string): string[] {
  const headers = Object.entries(receiver.headers ?? {}).filter(([name]) => credentialHeader.test(name));
  // Of `Bearer abc` the credential is `abc`, and an endpoint may well repeat it alone.
  const values = headers.flatMap(([, value]) => [value, value.replace(/^\S+\s+/, '')]);
  const all = [
    ...values,
    receiver.secret,
    receiver.oauth2?.clientSecret ?? '',
    receiver.rocketmq?.credentials?.secretKey ?? '',
    token ?? '',
  ];
  // The longest first: one may be a part of another.
  return all.filter(({ length }) => length >= shortest).sort((one, other) => other.length - one.length);
}

/** The text with each credential blackened. */
export function redact(text: string, credentials: readonly string[]): string {
  return credentials.reduce((rest, credential) => rest.replaceAll(credential, '(hidden)'), text);
}
