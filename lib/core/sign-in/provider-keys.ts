import { betweenFetchesMs, keysFreshMs, keysUsableMs } from './limits.ts';

/** What an instance knows of the keys of the provider. */
export interface ProviderKeys {
  /** When those that it has came. */
  readonly fetchedAtMs?: number;
  /** When it last asked, with or without success. */
  readonly askedAtMs?: number;
}

/**
 * Whether to ask the provider for its keys before a token is checked. Whatever tokens come, it is asked at most once in
 * `betweenFetchesMs`: else anyone could have the bus send as many requests as they do.
 * `unavailable`: there are no keys that may be used, and it is too early to ask again.
 * @param isKnown whether the key that the token names is among those that are there.
 */
export function planKeys(
  { fetchedAtMs, askedAtMs }: ProviderKeys,
  isKnown: boolean,
  nowMs: number,
): 'use' | 'ask' | 'unavailable' {
  const ageMs = fetchedAtMs === undefined ? Number.POSITIVE_INFINITY : nowMs - fetchedAtMs;
  const mayAsk = askedAtMs === undefined || nowMs >= askedAtMs + betweenFetchesMs;
  if (mayAsk && (ageMs >= keysFreshMs || !isKnown)) return 'ask';
  return ageMs < keysUsableMs ? 'use' : 'unavailable';
}

/** When the provider may be asked again, in seconds from now. */
export const askAgainSeconds = ({ askedAtMs = 0 }: ProviderKeys, nowMs: number): number =>
  Math.max(1, Math.ceil((askedAtMs + betweenFetchesMs - nowMs) / 1000));
