import { createHash } from 'node:crypto';
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import { clockToleranceSeconds, providerKeysMax } from '../core/sign-in/limits.ts';
import { actingAs, groupsOf, type Membership, membershipsOf, nameOfSubject } from '../core/sign-in/person.ts';
import { askAgainSeconds, type ProviderKeys, planKeys } from '../core/sign-in/provider-keys.ts';
import { readSetting } from '../core/sign-in/setting.ts';
import {
  type Claimed,
  readToken,
  refusalOfClaims,
  signatureAlgorithms,
  timeOf,
} from '../core/sign-in/token.ts';
import type { Clock } from './clock.ts';
import { fetchProviderKeys, ProviderFailure } from './http/provider-document.ts';
import type { Log } from './log.ts';

/** Who a token is of. Plain data: this file is a part of its own, with classes of its own. */
type Reading =
  | ({
      readonly kind: 'person';
      /** Stands where a key has its id. */
      readonly keyId: string;
      /** RFC 3339. */
      readonly tokenExpiresAt: string;
      /** All that they may act as; the members beside are what they act as now. */
      readonly applications: readonly Membership[];
    } & Membership)
  /** `isGuess`: it is wrong, and this instance has not seen it lately. */
  | {
      readonly kind: 'refused';
      readonly code: 'unauthorized' | 'forbidden';
      readonly detail: string;
      readonly isGuess: boolean;
    }
  | { readonly kind: 'unavailable'; readonly detail: string; readonly retryAfterSeconds: number };

/** Tells who sent a token. */
export interface Tokens {
  /** @param application for which the person wants to act; undefined leaves it to the groups. */
  read(token: string, application: string | undefined): Promise<Reading>;
  /** Whether this instance has taken the token before, so that it is no guess. */
  hasTaken(token: string): boolean;
}

/** How long a wrong token is refused without another look; one that is over stays so. */
const refusedMs = 3000;
const refusedOverMs = 60_000;
const rememberedMax = 1000;
/** Keys without an id that are tried for a token. */
const triesMax = 8;

type JsonWebKeys = JSONWebKeySet['keys'];

/** Checks tokens by the keys of the provider. @param setting of `settingOf`. */
export function createStaffTokens(
  runtime: { readonly clock: Clock; readonly log: Log; readonly fetch?: typeof fetch },
  setting: string,
  endpoints: 'public' | 'any',
): Tokens {
  const { clock, log } = runtime;
  const signIn = readSetting(setting);
  const world = { clock, fetch: runtime.fetch ?? fetch, isLaptop: endpoints === 'any' };
  let known: ProviderKeys = {};
  let keys: JsonWebKeys = [];
  let keySet = createLocalJWKSet({ keys });
  let failure = '';
  let asking: Promise<void> | undefined;
  /** By the hash of a token: until when it counts as taken, and as refused. */
  const taken = new Map<string, number>();
  const refused = new Map<string, { untilMs: number; detail: string }>();

  function remember<Value>(map: Map<string, Value>, hash: string, value: Value): void {
    if (map.size >= rememberedMax) map.clear();
    map.set(hash, value);
  }

  async function ask(): Promise<void> {
    known = { ...known, askedAtMs: clock.now() };
    try {
      const found = await fetchProviderKeys(world, signIn.issuer);
      keys = found.filter(isVerifyingKey).slice(0, providerKeysMax);
      keySet = createLocalJWKSet({ keys });
      known = { ...known, fetchedAtMs: clock.now() };
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      failure = error.message;
      log('warn', 'The keys of the OpenID provider could not be fetched', { reason: failure });
    }
  }

  const isKnown = (keyId: string | undefined) => keyId === undefined || keys.some(({ kid }) => kid === keyId);

  /** Gets the keys, if a token may cause that. @returns whether there are some that may be used. */
  async function ready(keyId: string | undefined): Promise<boolean> {
    const plan = () => planKeys(known, isKnown(keyId), clock.now());
    const asks = plan() === 'ask';
    if (asks) {
      asking ??= ask().finally(() => {
        asking = undefined;
      });
    }
    // Who asks waits, because Lambda stops what goes on behind a response; others only for what they need.
    if (asks || plan() === 'unavailable' || !isKnown(keyId)) await asking;
    return plan() !== 'unavailable' && known.fetchedAtMs !== undefined;
  }

  /** Undefined when the signature is the provider's and the claims hold. */
  async function refusalOf(token: string, claimed: Claimed): Promise<string | undefined> {
    if (!isKnown(claimed.keyId)) {
      const seconds = askAgainSeconds(known, clock.now());
      return `is signed by a key that the provider does not have. If it has just got that key, try again in ${seconds} s; else sign in again`;
    }
    const options = {
      issuer: signIn.issuer,
      audience: [...signIn.audience],
      algorithms: [...signatureAlgorithms],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(clock.now()),
      requiredClaims: ['sub', 'exp', 'iat'],
    };
    try {
      await jwtVerify(token, keySet, options);
      return undefined;
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) {
        let tries = 0;
        for await (const key of error) {
          if (++tries > triesMax) break;
          const isRight = await jwtVerify(token, key, options).then(
            () => true,
            () => false,
          );
          if (isRight) return undefined;
        }
      }
      // Whatever is wrong, in the token or in a key, its signature does not hold.
      return 'does not have a valid signature of the provider. Sign in again';
    }
  }

  function refuse(hash: string, detail: string, ms: number): Reading {
    remember(refused, hash, { untilMs: clock.now() + ms, detail });
    return { kind: 'refused', code: 'unauthorized', detail: `The token ${detail}.`, isGuess: true };
  }

  return {
    hasTaken: (token) => (taken.get(hashOf(token)) ?? 0) > clock.now(),

    async read(token, application) {
      const hash = hashOf(token);
      const before = refused.get(hash);
      if (before !== undefined && before.untilMs > clock.now()) {
        return {
          kind: 'refused',
          code: 'unauthorized',
          detail: `The token ${before.detail}.`,
          isGuess: false,
        };
      }
      const claimed = readToken(token);
      if (claimed === undefined) {
        return refuse(hash, 'is not a signed JSON Web Token. Send the ID token of a sign-in', refusedMs);
      }
      const wrong = refusalOfClaims(claimed, signIn, clock.now());
      if (wrong !== undefined) return refuse(hash, wrong.detail, wrong.isOver ? refusedOverMs : refusedMs);
      if (!(await ready(claimed.keyId))) {
        const retryAfterSeconds = askAgainSeconds(known, clock.now());
        const detail = `The token cannot be checked: the provider ${failure}. Try again in ${retryAfterSeconds} s, or use a key.`;
        return { kind: 'unavailable', detail, retryAfterSeconds };
      }
      const forged = await refusalOf(token, claimed);
      if (forged !== undefined) return refuse(hash, forged, refusedMs);

      const { claims } = claimed;
      const expiresMs = Number(claims.exp) * 1000;
      remember(taken, hash, expiresMs);
      const applications = membershipsOf(signIn, groupsOf(claims[signIn.groupsClaim]));
      const acting = actingAs(applications, application);
      if (acting === undefined) {
        const detail =
          applications.length === 0
            ? `You are signed in, but none of your groups (the claim ${signIn.groupsClaim} of the token) has a role here. Ask to be put into one, or an operator to name yours under oidc.roles in busbar.config.ts.`
            : `You may not act for the application that busbar-application names. Name one of ${applications.map((each) => each.application).join(', ')}.`;
        return { kind: 'refused', code: 'forbidden', detail, isGuess: false };
      }
      return {
        kind: 'person',
        ...acting,
        keyId: nameOfSubject(String(claims.sub)),
        tokenExpiresAt: timeOf(Number(claims.exp)),
        applications,
      };
    },
  };
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url');

/** A key of a pair by which signatures are checked: never a secret that both sides have. */
function isVerifyingKey(key: unknown): key is JsonWebKeys[number] {
  if (typeof key !== 'object' || key === null) return false;
  const { kty, use } = key as { kty?: unknown; use?: unknown };
  return (kty === 'RSA' || kty === 'EC' || kty === 'OKP') && (use === undefined || use === 'sig');
}
