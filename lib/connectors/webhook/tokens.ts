import { bus } from '../../core/kernel/limits.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Http } from '../../runtime/http/http.ts';
import { type NoToken, type OAuth2, readToken, type Token, tokenRequest } from './oauth2.ts';

/** The OAuth2 tokens of this instance. */
export interface Tokens {
  /** The token in force: one that is kept, or one that is fetched; whoever asks meanwhile shares the answer. */
  get(oauth2: OAuth2): Promise<Token | NoToken>;
  /**
   * Tells that an endpoint refused a token. True when there is or may be another one; false when it was fetched just
   * now, so that the next would be refused as well and an endpoint that refuses all costs no request for each.
   */
  refused(oauth2: OAuth2, token: Token): boolean;
}

interface Kept {
  readonly answer: Token | NoToken;
  readonly fetchedAtMs: number;
}

export function createTokens({ http, clock }: { http: Http; clock: Clock }): Tokens {
  const kept = new Map<string, Kept>();
  const underWay = new Map<string, Promise<Token | NoToken>>();
  // Another secret is another key, so that a changed receiver never goes on with the token of before.
  const keyOf = (oauth2: OAuth2) => JSON.stringify(oauth2);

  const fetchToken = async (key: string, oauth2: OAuth2): Promise<Token | NoToken> => {
    const outcome = await http.send({
      method: 'POST',
      url: oauth2.tokenUrl,
      ...tokenRequest(oauth2),
      timeoutMs: bus.tokenTimeoutSeconds * 1000,
    });
    const fetchedAtMs = clock.now();
    const answer = readToken(outcome, fetchedAtMs);
    for (const [other, { answer: old }] of kept) if (old.untilMs <= fetchedAtMs) kept.delete(other);
    kept.set(key, { answer, fetchedAtMs });
    return answer;
  };

  return {
    async get(oauth2) {
      const key = keyOf(oauth2);
      const known = kept.get(key)?.answer;
      if (known !== undefined && known.untilMs > clock.now()) return known;
      const running = underWay.get(key) ?? fetchToken(key, oauth2).finally(() => underWay.delete(key));
      underWay.set(key, running);
      return await running;
    },
    refused(oauth2, token) {
      const key = keyOf(oauth2);
      const known = kept.get(key);
      if (known?.answer !== token) return true;
      if (clock.now() - known.fetchedAtMs < bus.tokenRefreshPauseSeconds * 1000) return false;
      kept.delete(key);
      return true;
    },
  };
}
