import { bus } from '../../core/kernel/limits.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Http } from '../../runtime/http/http.ts';
import { type NoToken, noConsent, type OAuth2, readToken, type Token, tokenRequest } from './oauth2.ts';
import type { WebhookReceiver } from './receiver.ts';

/** A receiver whose endpoint wants tokens, as far as they depend on it. */
export interface TokenClient extends Pick<WebhookReceiver, 'owner' | 'consent'> {
  readonly oauth2: OAuth2;
}

/** The OAuth2 tokens of this instance. */
export interface Tokens {
  /** The token in force: one that is kept, or one that is fetched; whoever asks meanwhile shares the answer. */
  get(client: TokenClient): Promise<Token | NoToken>;
  /**
   * Tells that an endpoint refused a token. True when there is or may be another one; false when it was fetched just
   * now, so that the next would be refused as well and an endpoint that refuses all costs no request for each.
   */
  refused(client: TokenClient, token: Token): boolean;
}

interface Kept {
  readonly answer: Token | NoToken;
  readonly fetchedAtMs: number;
}

/** @param mayFetch whether who agreed to the token URL of a receiver still does; asked before each fetch. */
export function createTokens({
  http,
  clock,
  mayFetch,
}: {
  readonly http: Http;
  readonly clock: Clock;
  readonly mayFetch: (client: TokenClient) => Promise<boolean>;
}): Tokens {
  const kept = new Map<string, Kept>();
  const underWay = new Map<string, Promise<Token | NoToken>>();
  // Another secret is another key, so that a changed receiver never goes on with the token of before.
  // So is another consent: what is refused to one receiver may be given to others.
  const keyOf = ({ oauth2, owner, consent }: TokenClient) =>
    JSON.stringify([oauth2, ...(consent === undefined ? [] : [owner, consent])]);

  const fetchToken = async (key: string, client: TokenClient): Promise<Token | NoToken> => {
    const { oauth2 } = client;
    const answer = (await mayFetch(client)) ? await ask(oauth2) : noConsent(oauth2.tokenUrl, clock.now());
    const fetchedAtMs = clock.now();
    for (const [other, { answer: old }] of kept) if (old.untilMs <= fetchedAtMs) kept.delete(other);
    kept.set(key, { answer, fetchedAtMs });
    return answer;
  };

  const ask = async (oauth2: OAuth2): Promise<Token | NoToken> => {
    const outcome = await http.send({
      method: 'POST',
      url: oauth2.tokenUrl,
      ...tokenRequest(oauth2),
      timeoutMs: bus.tokenTimeoutSeconds * 1000,
    });
    return readToken(outcome, clock.now());
  };

  return {
    async get(client) {
      const key = keyOf(client);
      const known = kept.get(key)?.answer;
      if (known !== undefined && known.untilMs > clock.now()) return known;
      const running = underWay.get(key) ?? fetchToken(key, client).finally(() => underWay.delete(key));
      underWay.set(key, running);
      return await running;
    },
    refused(client, token) {
      const key = keyOf(client);
      const known = kept.get(key);
      if (known?.answer !== token) return true;
      if (clock.now() - known.fetchedAtMs < bus.tokenRefreshPauseSeconds * 1000) return false;
      kept.delete(key);
      return true;
    },
  };
}
