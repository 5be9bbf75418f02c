import { Link } from 'wouter';
import type { Deliveries } from '../../api/types.ts';
import { useList } from '../../api/use.ts';
import { useSearchParameter } from '../../app/address.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Empty, Loading, Problem } from '../../ui/basics.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { receiverWords } from './words.ts';

type Attempt = Deliveries['deliveries'][number];

/** The latest attempts, live. */
export function Attempts({ receiver }: { readonly receiver: string }) {
  const t = useWords(receiverWords);
  const [state, setState] = useSearchParameter('state', '');
  const list = useList<Deliveries, Attempt>('/deliveries', ({ deliveries }) => deliveries, {
    query: { receiver, state },
    pollSeconds: 3,
  });
  const columns: Column<Attempt>[] = [
    { id: 'at', name: t('at'), value: ({ at }) => at, show: ({ at }) => <Time at={at} /> },
    {
      id: 'state',
      name: t('state'),
      value: (row) => row.state,
      show: (row) => (
        <Badge tone={row.state === 'delivered' ? 'good' : row.state === 'failed' ? 'warn' : 'bad'}>
          {row.state}
        </Badge>
      ),
    },
    { id: 'status', name: t('status'), value: ({ status, error }) => error ?? status, numeric: true },
    {
      id: 'latency',
      name: t('latency'),
      value: ({ latencyMs }) => latencyMs,
      show: ({ latencyMs }) => (latencyMs === undefined ? '–' : `${latencyMs} ms`),
      numeric: true,
    },
    { id: 'attempt', name: t('attempt'), value: ({ attempt }) => attempt, numeric: true },
    { id: 'type', name: t('type'), value: ({ type }) => type },
    {
      id: 'event',
      name: t('event'),
      value: ({ id }) => id,
      show: ({ id }) => <Link href={`/events/${encodeURIComponent(id)}`}>{id}</Link>,
    },
    {
      id: 'next',
      name: t('next'),
      value: ({ nextAttemptAt }) => nextAttemptAt,
      show: ({ nextAttemptAt }) => (nextAttemptAt === undefined ? '–' : <Time at={nextAttemptAt} />),
    },
  ];
  const notRecorded = list.data?.pages[0]?.notRecorded;
  return (
    <>
      {list.error !== null && <Problem error={list.error} retry={() => void list.refetch()} />}
      {notRecorded !== undefined && <p className="lead">{notRecorded}</p>}
      {list.isPending ? (
        <Loading />
      ) : (
        <Table
          id="attempts"
          label={t('attempts')}
          columns={columns}
          rows={list.items}
          rowKey={({ deliveryId, attempt, at }) => `${deliveryId} ${attempt} ${at}`}
          empty={<Empty title={t('noAttempts')} />}
          more={{
            hasMore: list.hasNextPage,
            busy: list.isFetchingNextPage,
            load: () => void list.fetchNextPage(),
          }}
          actions={
            <select aria-label={t('state')} value={state} onChange={(event) => setState(event.target.value)}>
              <option value="">{t('every')}</option>
              <option value="delivered">delivered</option>
              <option value="failed">failed</option>
              <option value="dead-lettered">dead-lettered</option>
            </select>
          }
        />
      )}
    </>
  );
}
