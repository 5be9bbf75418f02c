import { type FormEvent, useEffect, useState } from 'react';
import { type CallError, call } from '../api/call.ts';
import { session } from '../api/session.ts';
import type { Me } from '../api/types.ts';
import { Button, Problem } from '../ui/basics.tsx';
import { layoutWords } from './layout-words.ts';
import { takeTicket } from './ticket.ts';
import { useWords } from './words.ts';

/** The way in: by a key, or by a link that signs in once. */
export function SignIn() {
  const t = useWords(layoutWords);
  const [key, setKey] = useState('');
  const [busy, setBusy] = useState(ticket !== undefined);
  const [error, setError] = useState<CallError | undefined>();

  useEffect(() => {
    if (ticket === undefined) return;
    const used = ticket;
    ticket = undefined;
    call<{ readonly key: string }>('POST', '/sign-in-links/redeem', {
      body: { ticket: used },
      credential: undefined,
    })
      .then(({ key: made }) => session.set({ credential: made }))
      .catch((refused: CallError) => setError(refused))
      .finally(() => setBusy(false));
  }, []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    call<Me>('GET', '/me', { credential: key.trim() })
      .then(() => session.set({ credential: key.trim() }))
      .catch((refused: CallError) => setError(refused))
      .finally(() => setBusy(false));
  };

  return (
    <main className="sign-in">
      <h1>Busbar</h1>
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
        <Button type="submit" look="primary" busy={busy}>
          {busy ? t('signingIn') : t('signIn')}
        </Button>
      </form>
      {error !== undefined && <Problem error={error} />}
    </main>
  );
}

let ticket = takeTicket();
