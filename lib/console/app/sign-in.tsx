import { type FormEvent, useEffect, useState } from 'react';
import { CallError, call } from '../api/call.ts';
import { session } from '../api/session.ts';
import type { Me, SignIn as Offer } from '../api/types.ts';
import { Button, Problem } from '../ui/basics.tsx';
import { layoutWords } from './layout-words.ts';
import { comeBack, leaveForProvider, takeAnswer } from './provider.ts';
import { takeTicket } from './ticket.ts';
import { useWords } from './words.ts';

/** The way in: by a key, by a link that signs in once, or by the provider where people of a company sign in. */
export function SignIn() {
  const t = useWords(layoutWords);
  const [key, setKey] = useState('');
  const [busy, setBusy] = useState(arrived !== undefined);
  const [error, setError] = useState<CallError | undefined>();
  const [offer, setOffer] = useState<Offer>({});
  const { oidc } = offer;
  const clientId = oidc?.clientId;

  /** Shows what was refused; whoever is let in leaves this page. */
  const follow = (signingIn: Promise<void>) => {
    setBusy(true);
    setError(undefined);
    signingIn.catch((refused: unknown) => setError(errorOf(refused))).finally(() => setBusy(false));
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, for what the address had when the page was loaded.
  useEffect(() => {
    call<Offer>('GET', '/sign-in', { credential: undefined })
      .then(setOffer)
      // Keys work all the same, and a bus that does not answer says so when one is tried.
      .catch(() => setOffer({}));
    const arriving = arrived;
    arrived = undefined;
    if (arriving !== undefined) follow(arriving());
  }, []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    follow(enter(key.trim()));
  };

  return (
    <main className="sign-in">
      <h1>Busbar</h1>
      {oidc !== undefined && clientId !== undefined && (
        <Button
          look="primary"
          icon="user"
          busy={busy}
          onClick={() => follow(leaveForProvider({ ...oidc, clientId }))}
        >
          {t('signInWith', { provider: new URL(oidc.issuer).host })}
        </Button>
      )}
      <p className="lead">{t('signInLead')}</p>
      <form onSubmit={submit}>
        <label className="field">
          <span>{t('key')}</span>
          <input
            type="password"
            value={key}
            onChange={(event) => setKey(event.target.value)}
            autoComplete="off"
            spellCheck={false}
            required
            aria-describedby="key-hint"
          />
          <small id="key-hint">{t('keyHint')}</small>
        </label>
        <Button type="submit" look={clientId === undefined ? 'primary' : 'plain'} busy={busy}>
          {busy ? t('signingIn') : t('signIn')}
        </Button>
      </form>
      {error !== undefined && <Problem error={error} />}
    </main>
  );
}

/** Signs in with a credential that the bus takes. */
async function enter(credential: string): Promise<void> {
  await call<Me>('GET', '/me', { credential });
  session.set({ credential });
}

/** What this page was opened with, once: the ticket of a link, or the answer of a provider. */
let arrived = arrival();

function arrival(): (() => Promise<void>) | undefined {
  const ticket = takeTicket();
  if (ticket !== undefined) {
    return async () => {
      const body = { ticket };
      const made = await call<{ readonly key: string }>('POST', '/sign-in-links/redeem', {
        body,
        credential: undefined,
      });
      session.set({ credential: made.key });
    };
  }
  const answer = takeAnswer();
  return answer === undefined ? undefined : async () => enter(await comeBack(answer));
}

const errorOf = (refused: unknown): CallError =>
  refused instanceof CallError
    ? refused
    : new CallError(0, { code: 'sign_in', detail: (refused as Error).message });
