import { useState } from 'react';
import { path } from '../../api/call.ts';
import { useChange } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Button, Problem, Section } from '../../ui/basics.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/form.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { requestWords } from './words.ts';

/** Approves or rejects, with a note. */
export function Decide({ id }: { readonly id: string }) {
  const t = useWords(requestWords);
  const toast = useToast();
  const [note, setNote] = useState('');
  const decide = useChange<'approve' | 'reject'>(
    (decision) => ({
      method: 'POST',
      at: `${path`/requests/${id}`}/${decision}`,
      body: note.trim() === '' ? {} : { note: note.trim() },
    }),
    () => ['/requests', '/topics', '/applications', '/catalog'],
  );
  return (
    <Section title={t('decide')}>
      <TextField label={t('note')} hint={t('noteHint')} value={note} onChange={setNote} />
      {decide.error !== null && <Problem error={decide.error} />}
      <div className="actions">
        <Button
          look="primary"
          icon="check"
          busy={decide.isPending}
          onClick={() => decide.mutate('approve', { onSuccess: () => toast(t('approved')) })}
        >
          {t('approve')}
        </Button>
        <Button
          look="danger"
          icon="cross"
          busy={decide.isPending}
          onClick={() => decide.mutate('reject', { onSuccess: () => toast(t('rejected')) })}
        >
          {t('reject')}
        </Button>
      </div>
    </Section>
  );
}

export function Withdraw({ id }: { readonly id: string }) {
  const t = useWords(requestWords);
  const [open, setOpen] = useState(false);
  const withdraw = useChange<null>(
    () => ({ method: 'POST', at: path`/requests/${id}/withdraw`, body: {} }),
    () => ['/requests'],
  );
  return (
    <div className="actions">
      <Button onClick={() => setOpen(true)}>{t('withdraw')}</Button>
      <Confirm
        open={open}
        onClose={() => setOpen(false)}
        title={t('withdrawTitle')}
        action={t('withdraw')}
        change={withdraw}
        input={null}
      >
        <p>{t('withdrawLead')}</p>
      </Confirm>
    </div>
  );
}
