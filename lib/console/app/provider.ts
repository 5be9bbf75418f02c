import { home } from './home.ts';
import { base64url, beginSignIn, finishSignIn, isAnswer, type Pending } from './oidc.ts';

/** A sign-in by a provider in this browser: what is kept between leaving and coming back, and the addresses. */

const place = 'busbar.signing-in';

/** Leaves for the provider. @throws SignInError */
export async function leaveForProvider(offer: {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope?: string | undefined;
}): Promise<void> {
  const from = location.pathname + location.search;
  const world = {
    fetch: (...request: Parameters<typeof fetch>) => fetch(...request),
    random: () => base64url(crypto.getRandomValues(new Uint8Array(32))),
  };
  const { url, pending } = await beginSignIn(offer, location.origin + home, from, world);
  sessionStorage.setItem(place, JSON.stringify(pending));
  location.assign(url);
}

/** The answer of a provider in the address, which is taken out of it at once: a code is in no history and no link. */
export function takeAnswer(): URLSearchParams | undefined {
  const answer = new URLSearchParams(location.search);
  if (location.pathname !== home || !isAnswer(answer)) return undefined;
  history.replaceState(history.state, '', home);
  return answer;
}

/** The ID token of an answer; afterwards the address is the one that the person came from. @throws SignInError */
export async function comeBack(answer: URLSearchParams): Promise<string> {
  const kept = sessionStorage.getItem(place);
  sessionStorage.removeItem(place);
  const pending = kept === null ? undefined : (JSON.parse(kept) as Pending);
  const world = { fetch: (...request: Parameters<typeof fetch>) => fetch(...request) };
  const token = await finishSignIn(answer, pending, world, Date.now());
  if (pending !== undefined && (pending.from === home || pending.from.startsWith(`${home}/`)))
    history.replaceState(history.state, '', pending.from);
  return token;
}
