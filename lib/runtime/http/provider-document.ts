import { readBounded } from '../../core/sign-in/document.ts';
import { documentBytesMax, fetchMs } from '../../core/sign-in/limits.ts';
import { isIssuer, isProviderUrl, metadataUrl } from '../../core/sign-in/setting.ts';
import type { Clock } from '../clock.ts';

/** Why the documents of a provider cannot be used. The message follows "the provider". */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';
}

/** What the keys of a provider are fetched with. */
export interface ProviderWorld {
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  /** Whether it may be asked in plain HTTP, on a laptop at its own address. */
  readonly isLaptop: boolean;
}

/**
 * The keys by which an issuer signs (OpenID Connect Discovery 1.0): where its metadata says. Both requests together take at
 * most `fetchMs`, each document has at most `documentBytesMax` bytes, and no redirect is followed.
 * @throws ProviderFailure
 */
export async function fetchProviderKeys(world: ProviderWorld, issuer: string): Promise<unknown[]> {
  const stop = new AbortController();
  const cancelTimer = world.clock.setTimer(fetchMs, () =>
    stop.abort(new ProviderFailure(`did not answer within ${fetchMs / 1000} s`)),
  );
  try {
    const url = metadataUrl(issuer);
    if (!isIssuer(issuer)) throw new ProviderFailure('has an issuer that is no https URL');
    const metadata = await fetchObject(world, url, stop.signal);
    // Else one provider could speak for another: OpenID Connect Discovery 1.0, section 4.3.
    if (metadata.issuer !== issuer) {
      throw new ProviderFailure(`calls itself otherwise than ${issuer} in ${url}; write issuer as it does`);
    }
    const { jwks_uri: keysUrl } = metadata;
    if (typeof keysUrl !== 'string') throw new ProviderFailure(`does not say in ${url} where its keys are`);
    const { keys } = await fetchObject(world, keysUrl, stop.signal);
    if (!Array.isArray(keys)) throw new ProviderFailure('has no list of keys where it says that they are');
    return keys;
  } finally {
    cancelTimer();
  }
}

async function fetchObject(
  { fetch, isLaptop }: ProviderWorld,
  url: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  if (!isProviderUrl(url) || !(isLaptop || url.startsWith('https:'))) {
    throw new ProviderFailure('names a URL that is not https');
  }
  const text = await textOf(fetch, url, signal);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ProviderFailure(`did not answer ${url} with JSON`, { cause: error });
  }
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new ProviderFailure(`did not answer ${url} with a JSON object`);
}

async function textOf(send: typeof fetch, url: string, signal: AbortSignal): Promise<string> {
  try {
    const response = await send(url, {
      headers: { accept: 'application/json' },
      // A redirect could lead to where only the bus gets.
      redirect: 'manual',
      signal,
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new ProviderFailure(`answered ${url} with ${response.status}, where only 200 will do`);
    }
    const text = await readBounded(response.body, documentBytesMax);
    if (text !== undefined) return text;
    throw new ProviderFailure(`answered ${url} with more than ${documentBytesMax} bytes`);
  } catch (error) {
    if (error instanceof ProviderFailure) throw error;
    if (signal.reason instanceof ProviderFailure) throw signal.reason;
    throw new ProviderFailure(`cannot be reached at ${url} (${reasonOf(error)})`, { cause: error });
  }
}

/** `fetch` says little itself; its cause has the code of the system. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: unknown; message?: unknown }; message?: unknown };
  return String(cause?.code ?? cause?.message ?? message);
}
