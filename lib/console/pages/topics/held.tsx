import { useState } from 'react';
import { Link } from 'wouter';
import { path } from '../../api/call.ts';
import type { HeldEvents as Held, HeldEventWhole } from '../../api/types.ts';
import { useChange, useList, useRead } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Button, Empty, Loading, Problem, Section } from '../../ui/basics.tsx';
import { Confirm, Dialog } from '../../ui/dialog.tsx';
import { Json } from '../../ui/json.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { holdWords } from './hold-words.ts';

type Row = Held['events'][number];

/** The events that a topic on hold keeps; each may be sent ahead of the others, or dropped. */
export function HeldEvents({ topic, isManaged }: { readonly topic: string; readonly isManaged: boolean }) {
  const t = useWords(holdWords);
  const toast = useToast();
  const [shown, setShown] = useState<Row | undefined>();
  const [dropped, setDropped] = useState<Row | undefined>();
  const list = useList<Held, Row>(path`/topics/${topic}/held`, ({ events }) => events, { pollSeconds: 5 });
  const touches = () => [path`/topics/${topic}`, '/events'];
  const send = useChange<Row>(
    ({ id }) => ({ method: 'POST', at: path`/topics/${topic}/held/${id}/send` }),
    touches,
  );
  const drop = useChange<Row>(
    ({ id }) => ({ method: 'DELETE', at: path`/topics/${topic}/held/${id}` }),
    touches,
  );
  const columns: Column<Row>[] = [
    {
      id: 'event',
      name: t('event'),
      value: ({ eventId }) => eventId,
      show: ({ eventId }) => <Link href={`/events/${encodeURIComponent(eventId)}`}>{eventId}</Link>,
    },
    { id: 'type', name: t('type'), value: ({ type }) => type, show: ({ type }) => <code>{type}</code> },
    { id: 'subject', name: t('subject'), value: ({ subject }) => subject },
    { id: 'source', name: t('source'), value: ({ source }) => source, extra: true },
    {
      id: 'heldAt',
      name: t('heldAt'),
      value: ({ heldAt }) => heldAt,
      show: ({ heldAt }) => <Time at={heldAt} />,
    },
    {
      id: 'actions',
      name: t('actions'),
      value: () => undefined,
      show: (row) => (
        <span className="actions">
          <Button look="quiet" onClick={() => setShown(row)}>
            {t('show')}
          </Button>
          {isManaged && (
            <>
              <Button
                look="quiet"
                onClick={() => send.mutate(row, { onSuccess: () => toast(t('sent'), row.eventId) })}
              >
                {t('send')}
              </Button>
              <Button look="danger" onClick={() => setDropped(row)}>
                {t('drop')}
              </Button>
            </>
          )}
        </span>
      ),
    },
  ];
  return (
    <Section title={t('heldEvents')}>
      {send.error !== null && <Problem error={send.error} />}
      <ListTable
        id="held"
        label={t('heldEvents')}
        columns={columns}
        list={list}
        rowKey={({ id }) => id}
        empty={<Empty title={t('noHeld')}>{t('noHeldNext')}</Empty>}
      />
      <Dialog open={shown !== undefined} onClose={() => setShown(undefined)} title={t('shown')} wide>
        {shown !== undefined && <Whole topic={topic} id={shown.id} />}
      </Dialog>
      <Confirm
        open={dropped !== undefined}
        onClose={() => setDropped(undefined)}
        title={t('dropTitle', { id: dropped?.eventId ?? '' })}
        action={t('drop')}
        change={drop}
        input={dropped}
      >
        <p>{t('dropLead')}</p>
      </Confirm>
    </Section>
  );
}

function Whole({ topic, id }: { readonly topic: string; readonly id: string }) {
  const read = useRead<HeldEventWhole>(path`/topics/${topic}/held/${id}`);
  if (read.error !== null) return <Problem error={read.error} />;
  return read.data === undefined ? <Loading /> : <Json value={read.data.event} label={read.data.eventId} />;
}
