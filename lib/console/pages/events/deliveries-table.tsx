import { Link } from 'wouter';
import type { Query } from '../../api/call.ts';
import { useSearchParameter } from '../../app/address.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Button, Empty, Loading, Problem } from '../../ui/basics.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { Countdown, exactTime, Time } from '../../ui/time.tsx';
import { deliveriesWords } from './deliveries-words.ts';
import { type Delivery, deliveryKey, useDeliveries } from './use-deliveries.ts';

const tones = { delivered: 'good', failed: 'warn', 'dead-lettered': 'bad' } as const;

/**
 * Attempts, live unless they are bounded.
 * @param ofReceiver whether all are of one receiver, which then has no column.
 */
export function Deliveries({
  query,
  isBounded = false,
  ofReceiver = false,
}: {
  readonly query: Query;
  readonly isBounded?: boolean;
  readonly ofReceiver?: boolean;
}) {
  const t = useWords(deliveriesWords);
  const [live, setLive] = useSearchParameter('live', 'on');
  const isFollowed = live === 'on' && !isBounded;
  const { list, rows, error, notRecorded } = useDeliveries(query, isFollowed);
  const receiverColumn: Column<Delivery> = {
    id: 'receiver',
    name: t('receiver'),
    value: ({ receiver }) => receiver,
    show: ({ receiver }) => <Link href={`/receivers/${receiver}`}>{receiver}</Link>,
  };
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
    ...(ofReceiver ? [] : [receiverColumn]),
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
          more={list.more}
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
