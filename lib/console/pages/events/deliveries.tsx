import { type FormEvent, useState } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import type { Query } from '../../api/call.ts';
import { useSearchParameter } from '../../app/address.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Button, Empty, Loading, Page, Problem } from '../../ui/basics.tsx';
import { ChoiceField, TextField, TimeField, timeOfField } from '../../ui/form.tsx';
import { useSettled } from '../../ui/settled.ts';
import { type Column, Table } from '../../ui/table.tsx';
import { Countdown, exactTime, Time } from '../../ui/time.tsx';
import { deliveriesWords } from './deliveries-words.ts';
import { type Delivery, deliveryKey, useDeliveries } from './use-deliveries.ts';

/** The latest attempts, live; each leads to the whole story of its event. */
export default function DeliveriesPage() {
  const t = useWords(deliveriesWords);
  const [receiver, setReceiver] = useSearchParameter('receiver', '');
  const [topic, setTopic] = useSearchParameter('topic', '');
  const [state, setState] = useSearchParameter('state', '');
  const [type, setType] = useSearchParameter('type', '');
  const [since, setSince] = useSearchParameter('since', '');
  const [until, setUntil] = useSearchParameter('until', '');
  const [, setParameters] = useSearchParams();
  const query = {
    receiver: useSettled(receiver.trim()),
    topic: useSettled(topic.trim()),
    type: useSettled(type.trim()),
    state,
    since: timeOfField(since),
    until: timeOfField(until),
  };
  return (
    <Page title={t('title')} lead={t('lead')} actions={<OpenById />}>
      <search className="fields" aria-label={t('filters')}>
        <TextField label={t('receiver')} value={receiver} onChange={setReceiver} />
        <TextField label={t('topic')} value={topic} onChange={setTopic} />
        <ChoiceField
          label={t('state')}
          value={state}
          choices={{
            '': t('any'),
            delivered: 'delivered',
            failed: 'failed',
            'dead-lettered': 'dead-lettered',
          }}
          onChange={setState}
        />
        <TextField label={t('type')} value={type} onChange={setType} />
        <TimeField label={t('since')} value={since} onChange={setSince} />
        <TimeField label={t('until')} value={until} onChange={setUntil} />
        <Button onClick={() => setParameters(new URLSearchParams(), { replace: true })}>{t('clear')}</Button>
      </search>
      <Deliveries key={JSON.stringify(query)} query={query} isBounded={query.until !== undefined} />
    </Page>
  );
}

function OpenById() {
  const t = useWords(deliveriesWords);
  const [, go] = useLocation();
  const [id, setId] = useState('');
  const open = (event: FormEvent) => {
    event.preventDefault();
    if (id.trim() !== '') go(`/events/${encodeURIComponent(id.trim())}`);
  };
  return (
    <form onSubmit={open} className="actions" aria-label={t('openById')}>
      <input
        type="search"
        aria-label={t('id')}
        placeholder={t('id')}
        value={id}
        onChange={(event) => setId(event.target.value)}
        spellCheck={false}
      />
      <Button type="submit">{t('open')}</Button>
    </form>
  );
}

const tones = { delivered: 'good', failed: 'warn', 'dead-lettered': 'bad' } as const;

function Deliveries({ query, isBounded }: { readonly query: Query; readonly isBounded: boolean }) {
  const t = useWords(deliveriesWords);
  const [live, setLive] = useSearchParameter('live', 'on');
  const isFollowed = live === 'on' && !isBounded;
  const { list, rows, error, notRecorded } = useDeliveries(query, isFollowed);
  const columns: Column<Delivery>[] = [
    { id: 'at', name: t('at'), value: ({ at }) => at, show: ({ at }) => <Time at={at} /> },
    {
      id: 'event',
      name: t('event'),
      value: ({ id }) => id,
      show: ({ id }) => (
        <Link href={`/events/${encodeURIComponent(id)}`} className="id" title={id}>
          {id}
        </Link>
      ),
    },
    { id: 'type', name: t('type'), value: ({ type }) => type, show: ({ type }) => <code>{type}</code> },
    { id: 'source', name: t('source'), value: ({ source }) => source, extra: true },
    {
      id: 'topic',
      name: t('topic'),
      value: ({ topic }) => topic,
      show: ({ topic }) => (topic === undefined ? '–' : <Link href={`/topics/${topic}`}>{topic}</Link>),
    },
    {
      id: 'receiver',
      name: t('receiver'),
      value: ({ receiver }) => receiver,
      show: ({ receiver }) => <Link href={`/receivers/${receiver}`}>{receiver}</Link>,
    },
    {
      id: 'state',
      name: t('state'),
      value: ({ state }) => state,
      show: ({ state }) => <Badge tone={tones[state]}>{state}</Badge>,
    },
    { id: 'outcome', name: t('outcome'), value: ({ status, error: why }) => status ?? why },
    { id: 'attempt', name: t('attempt'), value: ({ attempt }) => attempt, numeric: true },
    {
      id: 'latency',
      name: t('latency'),
      value: ({ latencyMs }) => latencyMs,
      show: ({ latencyMs }) => (latencyMs === undefined ? '–' : `${latencyMs} ms`),
      numeric: true,
    },
    {
      id: 'next',
      name: t('next'),
      value: ({ nextAttemptAt }) => nextAttemptAt,
      show: ({ nextAttemptAt }) =>
        nextAttemptAt === undefined ? '–' : <Countdown to={nextAttemptAt} due={t('now')} />,
    },
    { id: 'lane', name: t('lane'), value: ({ lane }) => lane, extra: true },
  ];
  return (
    <>
      {notRecorded !== undefined && (
        <p className="note">
          <strong>{t('notRecorded')}:</strong> {notRecorded}
        </p>
      )}
      {error !== null && <Problem error={error} retry={() => void list.refetch()} />}
      {list.isPending ? (
        <Loading />
      ) : (
        <Table
          id="deliveries"
          label={t('title')}
          columns={columns}
          rows={rows}
          rowKey={deliveryKey}
          sorted="-at"
          empty={<Empty title={t('empty')}>{t('emptyNext')}</Empty>}
          actions={
            <>
              <small>
                {isBounded ? t('bounded') : isFollowed ? t('following') : t('paused')} <Range rows={rows} />
              </small>
              {!isBounded && (
                <Button
                  icon={isFollowed ? 'pause' : 'play'}
                  aria-pressed={isFollowed}
                  onClick={() => setLive(isFollowed ? 'off' : 'on')}
                >
                  {isFollowed ? t('pause') : t('resume')}
                </Button>
              )}
            </>
          }
          more={{
            hasMore: list.hasNextPage,
            busy: list.isFetchingNextPage,
            load: () => void list.fetchNextPage(),
          }}
        />
      )}
    </>
  );
}

/** Between which times the shown attempts are: a part of the list says which part. */
function Range({ rows }: { readonly rows: readonly Delivery[] }) {
  const t = useWords(deliveriesWords);
  const chosen = usePreferences();
  const times = rows.map(({ at }) => at).sort();
  const [from, to] = [times.at(0), times.at(-1)];
  if (from === undefined || to === undefined) return null;
  const exact = (at: string) => exactTime(Date.parse(at), chosen);
  return <>{t('range', { from: exact(from), to: exact(to) })}</>;
}
