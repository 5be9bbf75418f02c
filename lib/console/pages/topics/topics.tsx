import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { Topic, Topics } from '../../api/types.ts';
import { useChange, useList } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Button, Empty, Page } from '../../ui/basics.tsx';
import { Dialog, DialogForm } from '../../ui/dialog.tsx';
import { ChoiceField, TextField } from '../../ui/form.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { holdTone } from './hold-state.ts';
import { topicWords } from './words.ts';

type Listed = Topics['topics'][number];

/** Every topic that the caller sees. */
export default function TopicsPage() {
  const t = useWords(topicWords);
  const { acts } = useRights();
  const [making, setMaking] = useState(false);
  const list = useList<Topics, Listed>('/topics', ({ topics }) => topics, { pollSeconds: 15, limit: 1000 });
  const columns: Column<Listed>[] = [
    {
      id: 'topic',
      name: t('topic'),
      value: ({ topic }) => topic,
      show: ({ topic }) => <Link href={`/topics/${topic}`}>{topic}</Link>,
    },
    { id: 'description', name: t('description'), value: ({ description }) => description },
    { id: 'owner', name: t('owner'), value: ({ owner }) => owner },
    {
      id: 'hold',
      name: t('hold'),
      value: ({ hold }) => hold?.state ?? '',
      show: ({ hold }) =>
        hold === undefined ? '–' : <Badge tone={holdTone(hold.state)}>{hold.state}</Badge>,
    },
    { id: 'trace', name: t('trace'), value: ({ trace }) => trace ?? t('none') },
    { id: 'ordered', name: t('ordered'), value: ({ ordered }) => orderOf(ordered, t), extra: true },
    { id: 'schema', name: t('schemaVersion'), value: ({ schemaVersion }) => schemaVersion, numeric: true },
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
        id="topics"
        label={t('title')}
        columns={columns}
        list={list}
        rowKey={({ topic }) => topic}
        empty={<Empty title={t('empty')}>{t('emptyNext')}</Empty>}
      />
      <Dialog open={making} onClose={() => setMaking(false)} title={t('make')}>
        <Make onClose={() => setMaking(false)} />
      </Dialog>
    </Page>
  );
}

export function orderOf(
  ordered: Listed['ordered'],
  t: (name: 'orderedNo' | 'orderedBy', values?: Record<string, string>) => string,
): string {
  if (ordered === undefined || ordered === false) return t('orderedNo');
  return t('orderedBy', { attribute: ordered === true ? 'subject' : ordered.by });
}

function Make({ onClose }: { readonly onClose: () => void }) {
  const t = useWords(topicWords);
  const toast = useToast();
  const [, go] = useLocation();
  const { isAdmin } = useRights();
  const [name, setName] = useState('');
  const [owner, setOwner] = useState('');
  const [description, setDescription] = useState('');
  const [order, setOrder] = useState<'no' | 'subject'>('no');
  const make = useChange<Record<string, unknown>, Topic>(
    (spec) => ({
      method: 'PUT',
      at: path`/topics/${name.trim()}`,
      body: spec,
      absent: path`/catalog/${name.trim()}`,
    }),
    () => ['/topics', '/catalog'],
  );
  const submit = () =>
    make.mutate(
      {
        ...(owner.trim() !== '' && { owner: owner.trim() }),
        ...(description.trim() !== '' && { description: description.trim() }),
        ...(order === 'subject' && { ordered: true }),
      },
      {
        onSuccess: ({ topic }) => {
          toast(t('made', { topic }));
          onClose();
          go(`/topics/${topic}/settings`);
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
      {isAdmin && <TextField label={t('owner')} hint={t('ownerHint')} value={owner} onChange={setOwner} />}
      <TextField label={t('description')} value={description} onChange={setDescription} />
      <ChoiceField
        label={t('ordered')}
        hint={t('orderedHint')}
        value={order}
        choices={{ no: t('orderedNo'), subject: t('orderedSubject') }}
        onChange={setOrder}
      />
    </DialogForm>
  );
}
