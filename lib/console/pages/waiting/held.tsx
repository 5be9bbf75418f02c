import { useState } from 'react';
import { Link } from 'wouter';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import { useChange } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Button, Empty, Problem } from '../../ui/basics.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { EventLink } from './target.tsx';
import { type Targets, useWaiting, type WaitingEvent } from './use-waiting.ts';
import { waitingWords } from './words.ts';

/** The events that topics on hold keep, of all topics. */
export function HeldEverywhere({ targets }: { readonly targets: Targets }) {
  const t = useWords(waitingWords);
  const toast = useToast();
  const { acts } = useRights();
  const list = useWaiting('held', targets);
  const [dropped, setDropped] = useState<WaitingEvent | undefined>();
  const heldAt = ({ topic = '', heldId = '' }: WaitingEvent) => path`/topics/${topic}/held/${heldId}`;
  const send = useChange<WaitingEvent>(
    (event) => ({ method: 'POST', at: `${heldAt(event)}/send` }),
    () => ['/events', '/topics'],
  );
  const drop = useChange<WaitingEvent>(
    (event) => ({ method: 'DELETE', at: heldAt(event) }),
    () => ['/events', '/topics'],
  );
  const columns: Column<WaitingEvent>[] = [
    { id: 'event', name: t('event'), value: ({ id }) => id, show: ({ id }) => <EventLink id={id} /> },
    { id: 'type', name: t('type'), value: ({ type }) => type, show: ({ type }) => <code>{type}</code> },
    {
      id: 'topic',
      name: t('topic'),
      value: ({ topic }) => topic,
      show: ({ topic = '' }) => <Link href={`/topics/${topic}/hold`}>{t('openTopic', { topic })}</Link>,
    },
    { id: 'source', name: t('source'), value: ({ source }) => source, extra: true },
    {
      id: 'heldAt',
      name: t('heldAt'),
      value: (event) => event.heldAt,
      show: (event) => (event.heldAt === undefined ? '–' : <Time at={event.heldAt} />),
    },
    {
      id: 'actions',
      name: t('actions'),
      value: () => undefined,
      show: (row) =>
        acts && (
          <span className="actions">
            <Button
              look="quiet"
              onClick={() => send.mutate(row, { onSuccess: () => toast(t('sent'), row.id) })}
            >
              {t('send')}
            </Button>
            <Button look="danger" onClick={() => setDropped(row)}>
              {t('drop')}
            </Button>
          </span>
        ),
    },
  ];
  return (
    <>
      {send.error !== null && <Problem error={send.error} />}
      <ListTable
        id="held"
        label={t('held')}
        columns={columns}
        list={list}
        rowKey={({ topic, heldId }) => `${topic ?? ''} ${heldId ?? ''}`}
        empty={<Empty title={t('noHeld')}>{t('noHeldNext')}</Empty>}
      />
      <Confirm
        open={dropped !== undefined}
        onClose={() => setDropped(undefined)}
        title={t('dropTitle', { id: dropped?.id ?? '' })}
        action={t('drop')}
        change={drop}
        input={dropped}
      >
        <p>{t('dropLead')}</p>
      </Confirm>
    </>
  );
}
