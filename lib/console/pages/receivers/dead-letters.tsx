import { useState } from 'react';
import { Link } from 'wouter';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { DeadLetter, DeadLetterWhole, DeadLetters as Listed } from '../../api/types.ts';
import { useList, useRead } from '../../api/use.ts';
import { useSearchParameter } from '../../app/address.ts';
import { useWords } from '../../app/words.ts';
import { Button, Empty, Facts, Loading, Problem, Section } from '../../ui/basics.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Json } from '../../ui/json.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { deadLetterWords } from './dead-letter-words.ts';
import { RedriveStatus, StartRedrive } from './redrive.tsx';

type Cluster = NonNullable<Listed['clusters']>[number];

/** What could not be delivered, by cause; and sending it back. */
export function DeadLetters({
  receiver,
  hasRedrive,
}: {
  readonly receiver: string;
  readonly hasRedrive: boolean;
}) {
  const t = useWords(deadLetterWords);
  const { acts: mayChange } = useRights();
  const [cause, setCause] = useSearchParameter('cause', '');
  const [shown, setShown] = useSearchParameter('letter', '');
  const [asked, setAsked] = useState<{ readonly cause?: string } | undefined>();
  const at = path`/receivers/${receiver}/dead-letters`;
  const list = useList<Listed, DeadLetter>(at, ({ deadLetters }) => deadLetters, {
    query: { cause },
    pollSeconds: 5,
  });
  const first = list.data?.pages[0];
  const clusters = useRead<Listed>(at, { query: { limit: 1 }, pollSeconds: 5 }).data?.clusters ?? [];

  const causes: Column<Cluster>[] = [
    { id: 'cause', name: t('cause'), value: (row) => row.cause, show: (row) => <code>{row.cause}</code> },
    { id: 'count', name: t('count'), value: ({ count }) => count, numeric: true },
    {
      id: 'first',
      name: t('first'),
      value: ({ firstAt }) => firstAt,
      show: ({ firstAt }) => <Time at={firstAt} />,
    },
    {
      id: 'last',
      name: t('last'),
      value: ({ lastAt }) => lastAt,
      show: ({ lastAt }) => <Time at={lastAt} />,
    },
    { id: 'example', name: t('detail'), value: ({ example }) => example.detail, wide: true },
    ...(mayChange
      ? [
          {
            id: 'redrive',
            name: t('redrive'),
            value: () => undefined,
            show: (row: Cluster) => (
              <Button onClick={() => setAsked({ cause: row.cause })}>{t('redrive')}</Button>
            ),
          },
        ]
      : []),
  ];
  const columns: Column<DeadLetter>[] = [
    {
      id: 'died',
      name: t('died'),
      value: ({ diedAt }) => diedAt,
      show: ({ diedAt }) => <Time at={diedAt} />,
    },
    { id: 'cause', name: t('cause'), value: (row) => row.cause, show: (row) => <code>{row.cause}</code> },
    { id: 'type', name: t('type'), value: ({ eventType }) => eventType },
    {
      id: 'event',
      name: t('event'),
      value: ({ eventId }) => eventId,
      show: ({ eventId, id }) => (
        <button type="button" className="link" onClick={() => setShown(id)}>
          {eventId ?? t('show')}
        </button>
      ),
    },
    { id: 'attempts', name: t('attempts'), value: ({ attempts }) => attempts, numeric: true },
    { id: 'topic', name: t('topic'), value: ({ topic }) => topic, extra: true },
    { id: 'detail', name: t('detail'), value: ({ detail }) => detail, wide: true },
  ];
  return (
    <>
      {hasRedrive && <RedriveStatus receiver={receiver} />}
      {first !== undefined && first.waiting > 0 && (
        <p className="lead">{t('waiting', { count: first.waiting })}</p>
      )}
      {clusters.length > 0 && (
        <Section
          title={t('causes')}
          actions={
            mayChange && (
              <Button look="primary" icon="redo" onClick={() => setAsked({})}>
                {t('redriveAll')}
              </Button>
            )
          }
        >
          {first?.clustersPartial === true && <p className="lead">{t('partial')}</p>}
          <Table
            id="causes"
            label={t('causes')}
            columns={causes}
            rows={clusters}
            rowKey={(row) => row.cause}
            sorted="-count"
            tools={false}
            empty={null}
          />
        </Section>
      )}
      <ListTable
        id="letters"
        label={t('list')}
        columns={columns}
        list={list}
        rowKey={({ id }) => id}
        empty={<Empty title={t('none')}>{t('noneNext')}</Empty>}
        actions={
          <select aria-label={t('cause')} value={cause} onChange={(event) => setCause(event.target.value)}>
            <option value="">{t('every')}</option>
            {clusters.map((each) => (
              <option key={each.cause} value={each.cause}>
                {each.cause} ({each.count})
              </option>
            ))}
          </select>
        }
      />
      {asked !== undefined && (
        <StartRedrive receiver={receiver} cause={asked.cause} onClose={() => setAsked(undefined)} />
      )}
      {shown !== '' && <Letter receiver={receiver} id={shown} onClose={() => setShown('')} />}
    </>
  );
}

/** A dead letter with its event. */
function Letter({
  receiver,
  id,
  onClose,
}: {
  readonly receiver: string;
  readonly id: string;
  readonly onClose: () => void;
}) {
  const t = useWords(deadLetterWords);
  const { data, error } = useRead<DeadLetterWhole>(path`/receivers/${receiver}/dead-letters/${id}`);
  return (
    <Dialog open onClose={onClose} title={data?.eventId ?? id} wide>
      {error !== null && <Problem error={error} />}
      {data === undefined ? (
        error === null && <Loading />
      ) : (
        <div className="letter">
          <Facts
            facts={[
              [t('cause'), <code key="cause">{data.cause}</code>],
              [t('detail'), data.detail],
              [t('attempts'), data.attempts],
              [t('died'), <Time key="died" at={data.diedAt} exact />],
              [t('type'), data.eventType],
              [t('topic'), data.topic],
            ]}
          />
          {data.eventId !== undefined && (
            <Link href={`/events/${encodeURIComponent(data.eventId)}`}>{t('toWhy')}</Link>
          )}
          <Json value={pretty(data.body)} label={t('body')} />
        </div>
      )}
    </Dialog>
  );
}

/** Laid out where it is JSON without numbers that would change by that; else as it is. */
function pretty(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    return JSON.stringify(parsed) === body ? JSON.stringify(parsed, null, 2) : body;
  } catch {
    return body;
  }
}
