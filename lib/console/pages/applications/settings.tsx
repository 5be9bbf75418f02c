import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import { patchBetween } from '../../api/merge-patch.ts';
import type { Application } from '../../api/types.ts';
import { useChange } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Button, Problem, Section } from '../../ui/basics.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { LongField, TextField } from '../../ui/form.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { quotaDefaults, quotaNames } from './quotas.ts';
import { applicationWords } from './words.ts';

interface Form {
  readonly description: string;
  readonly contacts: string;
  readonly parent: string;
  readonly quotas: Readonly<Record<string, string>>;
}

const formOf = ({ description = '', contacts = [], parent = '', quotas = {} }: Application): Form => ({
  description,
  contacts: contacts.join('\n'),
  parent,
  quotas: Object.fromEntries(
    quotaNames.map((name) => [name, quotas[name] === undefined ? '' : String(quotas[name])]),
  ),
});

function settingsOf({ description, contacts, parent, quotas }: Form): Record<string, unknown> {
  const lines = contacts.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  const set = Object.entries(quotas).filter(([, value]) => value.trim() !== '');
  return {
    description: description.trim() === '' ? undefined : description.trim(),
    contacts: lines.length === 0 ? undefined : lines,
    parent: parent.trim() === '' ? undefined : parent.trim(),
    quotas:
      set.length === 0 ? undefined : Object.fromEntries(set.map(([name, value]) => [name, Number(value)])),
  };
}

/** Changes an application; who may not set quotas or the parent is not offered these. */
export function Settings({ application: shown }: { readonly application: Application }) {
  const t = useWords(applicationWords);
  const toast = useToast();
  const { me, isAdmin } = useRights();
  const [application, setApplication] = useState(shown);
  const [form, setForm] = useState(() => formOf(shown));
  const name = application.application;
  const change = useChange<Record<string, unknown>, Application>(
    (patch) => ({ method: 'PATCH', at: path`/applications/${name}`, body: patch }),
    () => ['/applications'],
  );
  const patch = patchBetween(settingsOf(formOf(application)), settingsOf(form)) ?? {};
  const isChanged = Object.keys(patch).length > 0;
  const setsQuotas = isAdmin || (application.parent !== undefined && application.parent === me?.application);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(patch, {
      onSuccess: (changed) => {
        toast(t('saved'));
        setApplication(changed);
        setForm(formOf(changed));
      },
    });
  };
  return (
    <>
      <form onSubmit={submit}>
        <Section title={t('settings')}>
          {application.declared === true && <p className="lead">{t('declared')}</p>}
          <div className="grid">
            <TextField
              label={t('description')}
              value={form.description}
              onChange={(description) => setForm({ ...form, description })}
            />
            {isAdmin && (
              <TextField
                label={t('parent')}
                hint={t('parentHint')}
                value={form.parent}
                onChange={(parent) => setForm({ ...form, parent })}
              />
            )}
            <LongField
              label={t('contacts')}
              hint={t('contactsHint')}
              rows={3}
              value={form.contacts}
              onChange={(contacts) => setForm({ ...form, contacts })}
            />
          </div>
          {setsQuotas && (
            <fieldset>
              <legend>{t('quotas')}</legend>
              <div className="grid">
                {quotaNames.map((quota) => (
                  <TextField
                    key={quota}
                    type="number"
                    label={quota}
                    hint={t('quotaHint', { preset: quotaDefaults[quota] })}
                    value={form.quotas[quota] ?? ''}
                    onChange={(value) => setForm({ ...form, quotas: { ...form.quotas, [quota]: value } })}
                  />
                ))}
              </div>
            </fieldset>
          )}
          {change.error !== null && <Problem error={change.error} />}
          <div className="actions">
            <Button type="submit" look="primary" busy={change.isPending} disabled={!isChanged}>
              {t('save')}
            </Button>
            <Button disabled={!isChanged} onClick={() => setForm(formOf(application))}>
              {t('undo')}
            </Button>
          </div>
        </Section>
      </form>
      <Remove application={name} />
    </>
  );
}

function Remove({ application }: { readonly application: string }) {
  const t = useWords(applicationWords);
  const toast = useToast();
  const [, go] = useLocation();
  const [open, setOpen] = useState(false);
  const remove = useChange<string>(
    (name) => ({
      method: 'DELETE',
      at: path`/applications/${name}`,
      gone: path`/applications/${name}`,
    }),
    () => ['/applications', '/requests'],
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
        title={t('removeTitle', { application })}
        action={t('remove')}
        name={application}
        change={remove}
        input={application}
        onDone={() => {
          toast(t('removed', { application }));
          go('/applications');
        }}
      >
        <p>{t('removeLead')}</p>
      </Confirm>
    </Section>
  );
}
