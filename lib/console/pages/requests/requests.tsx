import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useRights } from '../../api/me.ts';
import type { Requests } from '../../api/types.ts';
import { useList } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Empty, Loading, Page, Problem, Section } from '../../ui/basics.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { isToDecide, kindName, requestTone } from './state.ts';
import { requestWords } from './words.ts';

type Row = Requests['requests'][number];

/** What is asked for: what the caller is to decide comes first. */
export default function RequestsPage() {
  const t = useWords(requestWords);
  const rights = useRights();
  const open = useList<Requests, Row>('/requests', ({ requests }) => requests, {
    query: { state: 'open' },
    pollSeconds: 5,
    limit: 500,
  });
  const all = useList<Requests, Row>('/requests', ({ requests }) => requests, {
    pollSeconds: 30,
    limit: 200,
  });
  const decided = all.items.filter(({ state }) => state !== 'open');
  const toDecide = open.items.filter((each) => isToDecide(each, rights));
  const mine = open.items.filter(({ application }) => application === rights.me?.application);
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      actions={
        rights.acts && (
          <Link className="button primary" href="/requests/new">
            {t('make')}
          </Link>
        )
      }
    >
      {open.error !== null && <Problem error={open.error} retry={() => void open.refetch()} />}
      {open.isPending ? (
        <Loading />
      ) : (
        <>
          {rights.acts && (
            <Section title={`${t('toDecide')} (${toDecide.length})`}>
              <List
                id="open"
                rows={toDecide}
                empty={<Empty title={t('nothingToDecide')}>{t('nothingToDecideNext')}</Empty>}
              />
            </Section>
          )}
          <Section title={t('mine')}>
            <List
              id="mine"
              rows={mine}
              empty={<Empty title={t('noneOfMine')}>{t('noneOfMineNext')}</Empty>}
            />
          </Section>
          <Section title={t('decided')}>
            <List id="decided" rows={decided} empty={<Empty title={t('noneDecided')} />} more={all.more} />
          </Section>
        </>
      )}
    </Page>
  );
}

function List({
  id,
  rows,
  empty,
  more,
}: {
  readonly id: 'open' | 'mine' | 'decided';
  readonly rows: readonly Row[];
  readonly empty: ReactNode;
  readonly more?: { readonly hasMore: boolean; readonly busy: boolean; load(): void };
}) {
  const t = useWords(requestWords);
  const columns: Column<Row>[] = [
    {
      id: 'kind',
      name: t('kind'),
      value: ({ kind }) => kindName(kind, t),
      show: ({ id: request, kind }) => (
        <Link href={`/requests/${encodeURIComponent(request)}`}>{kindName(kind, t)}</Link>
      ),
    },
    ...(id === 'mine'
      ? []
      : [{ id: 'application', name: t('application'), value: ({ application }: Row) => application }]),
    { id: 'topic', name: t('topic'), value: ({ topic }) => topic },
    { id: 'receiver', name: t('receiver'), value: ({ receiver }) => receiver },
    { id: 'reason', name: t('reason'), value: ({ reason }) => reason },
    ...(id === 'decided'
      ? ([
          {
            id: 'state',
            name: t('state'),
            value: ({ state }) => state,
            show: ({ state }) => <Badge tone={requestTone(state)}>{state}</Badge>,
          },
          { id: 'by', name: t('decidedBy'), value: ({ decidedBy }) => decidedBy?.application },
          { id: 'note', name: t('note'), value: ({ note }) => note },
          {
            id: 'decidedAt',
            name: t('decidedAt'),
            value: ({ decidedAt }) => decidedAt,
            show: ({ decidedAt }) => (decidedAt === undefined ? '–' : <Time at={decidedAt} />),
          },
        ] satisfies Column<Row>[])
      : []),
    {
      id: 'asked',
      name: t('asked'),
      value: ({ createdAt }) => createdAt,
      show: ({ createdAt }) => <Time at={createdAt} />,
      extra: id === 'decided',
    },
  ];
  return (
    <Table
      id={`requests-${id}`}
      label={t('title')}
      columns={columns}
      rows={rows}
      rowKey={({ id: request }) => request}
      tools={id === 'decided'}
      empty={empty}
      {...(more !== undefined && { more })}
    />
  );
}
