import { useState } from 'react';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { RefusedEvent, RefusedEvents, RefusedEventWhole } from '../../api/types.ts';
import { useChange, useList, useRead } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Button, Empty, Loading, Problem } from '../../ui/basics.tsx';
import { Confirm, Dialog } from '../../ui/dialog.tsx';
import { Json } from '../../ui/json.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { EventLink, Target, targetOf } from './target.tsx';
import { refusedWords } from './words.ts';

/** What the bus took over and cannot publish, with its cause. */
export function Refused() {
  const t = useWords(refusedWords);
  const toast = useToast();
  const { manages } = useRights();
  const [shown, setShown] = useState<RefusedEvent | undefined>();
  const [removed, setRemoved] = useState<RefusedEvent | undefined>();
  const list = useList<RefusedEvents, RefusedEvent>('/refused', ({ refused }) => refused, {
    pollSeconds: 5,
    limit: 500,
  });
  const retry = useChange<RefusedEvent>(
    ({ id }) => ({ method: 'POST', at: path`/refused/${id}/retry` }),
    () => ['/refused'],
  );
  const remove = useChange<RefusedEvent>(
    ({ id }) => ({ method: 'DELETE', at: path`/refused/${id}` }),
    () => ['/refused'],
  );
  const columns: Column<RefusedEvent>[] = [
    {
      id: 'event',
      name: t('event'),
      value: ({ eventId }) => eventId,
      show: ({ eventId }) => (eventId === undefined ? '–' : <EventLink id={eventId} />),
    },
    { id: 'from', name: t('from'), value: ({ from }) => from },
    { id: 'application', name: t('application'), value: ({ application }) => application },
    { id: 'target', name: t('target'), value: targetOf, show: (row) => <Target {...row} /> },
    {
      id: 'cause',
      name: t('cause'),
      value: ({ code, detail }) => `${code}: ${detail}`,
      show: ({ code, detail }) => (
        <span>
          <code>{code}</code> {detail}
        </span>
      ),
    },
    {
      id: 'refusedAt',
      name: t('refusedAt'),
      value: ({ refusedAt }) => refusedAt,
      show: ({ refusedAt }) => <Time at={refusedAt} />,
    },
    { id: 'times', name: t('times'), value: ({ times }) => times, numeric: true },
    {
      id: 'actions',
      name: t('actions'),
      value: () => undefined,
      show: (row) => (
        <span className="actions">
          <Button look="quiet" onClick={() => setShown(row)}>
            {t('show')}
          </Button>
          {manages(row.application) && (
            <>
              {row.retryable !== false && (
                <Button
                  look="quiet"
                  onClick={() => retry.mutate(row, { onSuccess: () => toast(t('retrying')) })}
                >
                  {t('retry')}
                </Button>
              )}
              <Button look="danger" onClick={() => setRemoved(row)}>
                {t('remove')}
              </Button>
            </>
          )}
        </span>
      ),
    },
  ];
  return (
    <>
      <p className="lead">{t('lead')}</p>
      {retry.error !== null && <Problem error={retry.error} />}
      <ListTable
        id="refused"
        label={t('refused')}
        columns={columns}
        list={list}
        rowKey={({ id }) => id}
        empty={<Empty title={t('none')}>{t('noneNext')}</Empty>}
      />
      <Dialog open={shown !== undefined} onClose={() => setShown(undefined)} title={t('refused')} wide>
        {shown !== undefined && <Whole id={shown.id} />}
      </Dialog>
      <Confirm
        open={removed !== undefined}
        onClose={() => setRemoved(undefined)}
        title={t('removeTitle', { id: removed?.eventId ?? removed?.id ?? '' })}
        action={t('remove')}
        change={remove}
        input={removed}
      >
        <p>{t('removeLead')}</p>
      </Confirm>
    </>
  );
}

function Whole({ id }: { readonly id: string }) {
  const t = useWords(refusedWords);
  const read = useRead<RefusedEventWhole>(path`/refused/${id}`);
  if (read.data === undefined) return read.error === null ? <Loading /> : <Problem error={read.error} />;
  const { event, ...rest } = read.data;
  return (
    <div className="stack">
      <Json value={rest} label={id} />
      <h3>{t('raw')}</h3>
      <Json value={event} label={t('raw')} />
    </div>
  );
}
