import { useState } from 'react';
import { Link } from 'wouter';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { ReceiverWhole, Subscriptions } from '../../api/types.ts';
import { useChange, useList } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Button, Empty, Facts, Problem, Section } from '../../ui/basics.tsx';
import { Dialog, DialogForm } from '../../ui/dialog.tsx';
import { Json } from '../../ui/json.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { RetryTimeline } from './retry-timeline.tsx';
import { receiverWords } from './words.ts';

/** What the bus does when a receiver says nothing of its retries (section 6 of the contract). */
const delaysSecondsDefault = [5, 30, 120, 600, 1800, 7200, 18_000, 36_000];

type Subscription = Subscriptions['subscriptions'][number];

export function Settings({ receiver }: { readonly receiver: ReceiverWhole }) {
  const t = useWords(receiverWords);
  const { acts: mayChange } = useRights();
  const [editing, setEditing] = useState(false);
  const { limits, retry, offload } = receiver;
  return (
    <>
      <Section
        title={t('settings')}
        actions={
          mayChange && (
            <Button icon="edit" onClick={() => setEditing(true)}>
              {t('edit')}
            </Button>
          )
        }
      >
        <Facts
          facts={[
            [t('sendsTo'), <code key="endpoint">{receiver.endpoint}</code>],
            [t('format'), receiver.format ?? 'structured'],
            [t('timeout'), `${receiver.timeoutSeconds ?? 15} s`],
            [t('concurrency'), limits?.concurrency],
            [t('perSecond'), limits?.perSecond],
            [t('perType'), limits?.perType],
            [t('hotTypes'), offload?.hotTypes.map(({ type }) => type).join(', ')],
            [t('skipped'), receiver.skip?.dropped],
            [t('created'), <Time key="created" at={receiver.createdAt} />],
            [t('updated'), <Time key="updated" at={receiver.updatedAt} />],
            [t('declared'), receiver.declared ? '✓' : undefined],
          ]}
        />
      </Section>
      <Section title={t('policy')}>
        <RetryTimeline delaysSeconds={retry?.delaysSeconds ?? delaysSecondsDefault} />
        {Object.entries(retry?.types ?? {}).map(([type, { delaysSeconds }]) => (
          <RetryTimeline key={type} type={type} delaysSeconds={delaysSeconds} />
        ))}
      </Section>
      <SubscribedTo receiver={receiver.receiver} />
      <Section title={t('all')}>
        <Json value={receiver} label={t('all')} />
      </Section>
      {editing && <Edit receiver={receiver} onClose={() => setEditing(false)} />}
    </>
  );
}

function SubscribedTo({ receiver }: { readonly receiver: string }) {
  const t = useWords(receiverWords);
  const list = useList<Subscriptions, Subscription>(
    path`/receivers/${receiver}/subscriptions`,
    ({ subscriptions }) => subscriptions,
  );
  const columns: Column<Subscription>[] = [
    {
      id: 'topic',
      name: t('topic'),
      value: ({ topic }) => topic,
      show: ({ topic }) => <Link href={`/topics/${topic}`}>{topic}</Link>,
    },
    {
      id: 'filter',
      name: t('filter'),
      value: ({ filter }) => (filter === undefined ? t('everything') : JSON.stringify(filter)),
      show: ({ filter }) => (filter === undefined ? t('everything') : <code>{JSON.stringify(filter)}</code>),
    },
    {
      id: 'since',
      name: t('since'),
      value: ({ createdAt }) => createdAt,
      show: ({ createdAt }) => <Time at={createdAt} />,
    },
  ];
  return (
    <Section title={t('subscriptions')}>
      {list.error !== null && <Problem error={list.error} />}
      <Table
        id="subscriptions"
        label={t('subscriptions')}
        columns={columns}
        rows={list.items}
        rowKey={({ topic }) => topic}
        tools={false}
        empty={
          <Empty title={t('noSubscriptions')}>
            <Link href="/catalog">{t('toCatalog')}</Link>
          </Empty>
        }
        more={list.more}
      />
    </Section>
  );
}

/** Changes some settings. What the bus shows as hidden stays as it is. */
function Edit({ receiver, onClose }: { readonly receiver: ReceiverWhole; readonly onClose: () => void }) {
  const t = useWords(receiverWords);
  const toast = useToast();
  const name = receiver.receiver;
  const [text, setText] = useState(() => {
    const { endpoint, timeoutSeconds, retry, limits } = receiver;
    return JSON.stringify(
      { ...(/^https?:/.test(endpoint) && { endpoint }), timeoutSeconds, retry, limits },
      null,
      2,
    );
  });
  const [wrong, setWrong] = useState<string | undefined>();
  const at = path`/receivers/${name}`;
  const save = useChange<string>(
    (body) => ({ method: 'PATCH', at, body, contentType: 'application/merge-patch+json' }),
    () => [at, '/receivers'],
  );
  const submit = () => {
    try {
      JSON.parse(text);
      setWrong(undefined);
    } catch (error) {
      setWrong((error as Error).message);
      return;
    }
    save.mutate(text, {
      onSuccess: () => {
        toast(t('saved', { receiver: name }));
        onClose();
      },
    });
  };
  return (
    <Dialog open onClose={onClose} title={t('editTitle', { receiver: name })} wide>
      <DialogForm
        onSubmit={submit}
        onCancel={onClose}
        action={t('save')}
        busy={save.isPending}
        error={save.error}
      >
        <label className="field">
          <span>{t('editLead')}</span>
          <textarea
            rows={14}
            value={text}
            onChange={(event) => setText(event.target.value)}
            spellCheck={false}
          />
        </label>
        {wrong !== undefined && <p role="alert">{t('notJson', { reason: wrong })}</p>}
      </DialogForm>
    </Dialog>
  );
}
