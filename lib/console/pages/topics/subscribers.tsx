import { useState } from 'react';
import { Link } from 'wouter';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { PutSubscription, Receivers, Subscription, Subscriptions, Topic } from '../../api/types.ts';
import { useChange, useList, useRead } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Button, Empty, Section } from '../../ui/basics.tsx';
import { Confirm, Dialog, DialogForm } from '../../ui/dialog.tsx';
import { readJson, TextField } from '../../ui/form.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { FilterEditor } from '../catalog/filter-editor.tsx';
import { Grants } from './grants.tsx';
import { subscriberWords } from './subscriber-words.ts';

/** Who gets the events of a topic, by which filter. */
export function Subscribers({ topic, isManaged }: { readonly topic: Topic; readonly isManaged: boolean }) {
  const t = useWords(subscriberWords);
  const { acts } = useRights();
  const [edited, setEdited] = useState<Partial<Subscription> | undefined>();
  const [ended, setEnded] = useState<Subscription | undefined>();
  const list = useList<Subscriptions, Subscription>(
    path`/topics/${topic.topic}/subscriptions`,
    ({ subscriptions }) => subscriptions,
    { pollSeconds: 15, limit: 500 },
  );
  const end = useChange<Subscription>(
    ({ receiver }) => ({ method: 'DELETE', at: path`/topics/${topic.topic}/subscriptions/${receiver}` }),
    ({ receiver }) => [path`/topics/${topic.topic}`, path`/receivers/${receiver}`],
  );
  const columns: Column<Subscription>[] = [
    {
      id: 'receiver',
      name: t('receiver'),
      value: ({ receiver }) => receiver,
      show: ({ receiver }) => <Link href={`/receivers/${receiver}`}>{receiver}</Link>,
    },
    {
      id: 'filter',
      name: t('filter'),
      value: ({ filter }) => (filter === undefined ? '' : JSON.stringify(filter)),
      show: ({ filter }) =>
        filter === undefined ? <small>{t('everything')}</small> : <code>{JSON.stringify(filter)}</code>,
    },
    { id: 'by', name: t('by'), value: ({ by }) => by?.application, extra: true },
    {
      id: 'updated',
      name: t('updated'),
      value: ({ updatedAt }) => updatedAt,
      show: ({ updatedAt }) => <Time at={updatedAt} />,
    },
    {
      id: 'actions',
      name: t('actions'),
      value: () => undefined,
      show: (row) =>
        acts && (
          <span className="actions">
            <Button look="quiet" onClick={() => setEdited(row)}>
              {t('edit')}
            </Button>
            <Button look="danger" onClick={() => setEnded(row)}>
              {t('unsubscribe')}
            </Button>
          </span>
        ),
    },
  ];
  return (
    <>
      <Section
        title={t('subscribers')}
        actions={
          acts && (
            <Button look="primary" icon="plus" onClick={() => setEdited({})}>
              {t('subscribe')}
            </Button>
          )
        }
      >
        <ListTable
          id="subscribers"
          label={t('subscribers')}
          columns={columns}
          list={list}
          rowKey={({ receiver }) => receiver}
          empty={<Empty title={t('empty')}>{t('emptyNext')}</Empty>}
        />
      </Section>
      <Grants topic={topic.topic} isManaged={isManaged} />
      <Dialog
        open={edited !== undefined}
        onClose={() => setEdited(undefined)}
        title={edited?.receiver === undefined ? t('subscribe') : `${t('edit')}: ${edited.receiver}`}
        wide
      >
        {edited !== undefined && (
          <Subscribe topic={topic.topic} before={edited} onClose={() => setEdited(undefined)} />
        )}
      </Dialog>
      <Confirm
        open={ended !== undefined}
        onClose={() => setEnded(undefined)}
        title={t('unsubscribeTitle', { receiver: ended?.receiver ?? '' })}
        action={t('unsubscribe')}
        change={end}
        input={ended}
      >
        <p>{t('unsubscribeLead', { topic: topic.topic })}</p>
      </Confirm>
    </>
  );
}

function Subscribe({
  topic,
  before,
  onClose,
}: {
  readonly topic: string;
  readonly before: Partial<Subscription>;
  readonly onClose: () => void;
}) {
  const t = useWords(subscriberWords);
  const toast = useToast();
  const [receiver, setReceiver] = useState(before.receiver ?? '');
  const [filter, setFilter] = useState(
    before.filter === undefined ? '' : JSON.stringify(before.filter, null, 2),
  );
  const receivers = useRead<Receivers>('/receivers', { query: { limit: 1000 } }).data?.receivers ?? [];
  const put = useChange<{ receiver: string; filter: string }, PutSubscription>(
    (given) => ({
      method: 'PUT',
      at: path`/topics/${topic}/subscriptions/${given.receiver}`,
      // As it was typed: numbers keep their digits.
      body: given.filter.trim() === '' ? '{}' : `{"filter":${given.filter}}`,
    }),
    (given) => [path`/topics/${topic}`, path`/receivers/${given.receiver}`],
  );
  return (
    <DialogForm
      onSubmit={() =>
        put.mutate(
          { receiver: receiver.trim(), filter },
          {
            onSuccess: (made) => {
              toast(
                t('subscribed', { receiver: made.receiver }),
                t('effective', { seconds: made.effectiveWithinSeconds }),
              );
              onClose();
            },
          },
        )
      }
      onCancel={onClose}
      action={before.receiver === undefined ? t('subscribe') : t('save')}
      busy={put.isPending}
      ready={receiver.trim() !== '' && readJson(filter).ok}
      error={put.error}
    >
      <p>{t('subscribeLead')}</p>
      {before.receiver === undefined && (
        <TextField
          label={t('receiver')}
          hint={t('receiverHint')}
          value={receiver}
          onChange={setReceiver}
          suggestions={receivers.map((each) => each.receiver)}
          required
        />
      )}
      <FilterEditor topic={topic} filter={filter} onChange={setFilter} />
    </DialogForm>
  );
}
