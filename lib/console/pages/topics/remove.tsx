import { useState } from 'react';
import { useLocation } from 'wouter';
import { path } from '../../api/call.ts';
import { useChange } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Button, Section } from '../../ui/basics.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { CheckField } from '../../ui/form.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { settingsWords } from './settings-words.ts';

/** Deletes a topic, once its name was typed. */
export function RemoveTopic({ topic }: { readonly topic: string }) {
  const t = useWords(settingsWords);
  const toast = useToast();
  const [, go] = useLocation();
  const [open, setOpen] = useState(false);
  const [force, setForce] = useState(false);
  const remove = useChange<boolean>(
    (forced) => ({
      method: 'DELETE',
      at: path`/topics/${topic}`,
      gone: path`/topics/${topic}`,
      query: { force: forced ? true : undefined },
    }),
    () => ['/topics', '/catalog', '/receivers'],
  );
  return (
    <Section title={t('remove')}>
      <p className="lead">{t('removeLead')}</p>
      <div className="actions">
        <Button look="danger" icon="trash" onClick={() => setOpen(true)}>
          {t('remove')}
        </Button>
      </div>
      <Confirm
        open={open}
        onClose={() => setOpen(false)}
        title={t('removeTitle', { topic })}
        action={t('remove')}
        name={topic}
        change={remove}
        input={force}
        onDone={() => {
          toast(t('removed', { topic }));
          go('/topics');
        }}
      >
        <p>{t('removeLead')}</p>
        <CheckField
          label={t('removeForce')}
          hint={t('removeForceHint')}
          checked={force}
          onChange={setForce}
        />
      </Confirm>
    </Section>
  );
}
