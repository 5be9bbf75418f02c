import type { Receiver } from './receiver.ts';
import { credentialHeader } from './receiver.ts';

/** Shorter credentials would redact ordinary words. */
const shortest = 4;

/** Every secret in a receiver's requests: the response of an endpoint that echoes them must not reveal them. */
export function credentialsOf(receiver: Receiver, token?: string): string[] {
  const headers = Object.entries(receiver.headers ?? {}).filter(([name]) => credentialHeader.test(name));
  // The credential in `Bearer abc` is `abc`, and an endpoint may echo it alone.
  const values = headers.flatMap(([, value]) => [value, value.replace(/^\S+\s+/, '')]);
  const all = [
    ...values,
    receiver.secret,
    receiver.oauth2?.clientSecret ?? '',
    receiver.rocketmq?.credentials?.secretKey ?? '',
    token ?? '',
  ];
  // The longest first, because one may contain another.
  return all.filter(({ length }) => length >= shortest).sort((one, other) => other.length - one.length);
}

/** The text with each credential redacted. */
export function redact(text: string, credentials: readonly string[]): string {
  return credentials.reduce((rest, credential) => rest.replaceAll(credential, '(hidden)'), text);
}
