import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { Application, Applications } from '../../api/types.ts';
import { useChange, useList } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Button, Empty, Page } from '../../ui/basics.tsx';
import { Dialog, DialogForm } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/form.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { applicationWords } from './words.ts';

/** Every application that the caller sees. */
export default function ApplicationsPage() {
  const t = useWords(applicationWords);
  const { acts } = useRights();
  const [making, setMaking] = useState(false);
  const list = useList<Applications, Application>('/applications', ({ applications }) => applications, {
    pollSeconds: 30,
    limit: 1000,
  });
  const columns: Column<Application>[] = [
    {
      id: 'application',
      name: t('application'),
      value: ({ application }) => application,
      show: ({ application }) => <Link href={`/applications/${application}`}>{application}</Link>,
    },
    { id: 'description', name: t('description'), value: ({ description }) => description },
    { id: 'parent', name: t('parent'), value: ({ parent }) => parent },
    { id: 'contacts', name: t('contacts'), value: ({ contacts }) => contacts?.join(', ') },
    {
      id: 'updated',
      name: t('updated'),
      value: ({ updatedAt }) => updatedAt,
      show: ({ updatedAt }) => <Time at={updatedAt} />,
    },
  ];
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      actions={
        acts && (
          <Button look="primary" icon="plus" onClick={() => setMaking(true)}>
            {t('make')}
          </Button>
        )
      }
    >
      <ListTable
        id="applications"
        label={t('title')}
        columns={columns}
        list={list}
        rowKey={({ application }) => application}
        empty={<Empty title={t('empty')}>{t('emptyNext')}</Empty>}
      />
      <Dialog open={making} onClose={() => setMaking(false)} title={t('make')}>
        <Make onClose={() => setMaking(false)} />
      </Dialog>
    </Page>
  );
}

function Make({ onClose }: { readonly onClose: () => void }) {
  const t = useWords(applicationWords);
  const toast = useToast();
  const [, go] = useLocation();
  const { me, isAdmin } = useRights();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  // A member makes children of its own application only.
  const [parent, setParent] = useState(isAdmin ? '' : (me?.application ?? ''));
  const make = useChange<Record<string, unknown>, Application>(
    (spec) => ({
      method: 'PUT',
      at: path`/applications/${name.trim()}`,
      body: spec,
      absent: path`/applications/${name.trim()}`,
    }),
    () => ['/applications'],
  );
  const submit = () =>
    make.mutate(
      {
        ...(description.trim() !== '' && { description: description.trim() }),
        ...(parent.trim() !== '' && { parent: parent.trim() }),
      },
      {
        onSuccess: ({ application }) => {
          toast(t('made', { application }));
          onClose();
          go(`/applications/${application}`);
        },
      },
    );
  return (
    <DialogForm
      onSubmit={submit}
      onCancel={onClose}
      action={t('make')}
      busy={make.isPending}
      ready={name.trim() !== ''}
      error={make.error}
    >
      <TextField label={t('name')} hint={t('nameHint')} value={name} onChange={setName} required />
      <TextField label={t('description')} value={description} onChange={setDescription} />
      <TextField label={t('parent')} hint={t('parentHint')} value={parent} onChange={setParent} />
    </DialogForm>
  );
}
