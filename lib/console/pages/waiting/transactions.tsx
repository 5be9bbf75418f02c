import { useState } from 'react';
import { path } from '../../api/call.ts';
import { type Rights, useRights } from '../../api/me.ts';
import type { Transaction } from '../../api/types.ts';
import { useChange, useRead } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Button, Empty, Facts, Loading, Problem } from '../../ui/basics.tsx';
import { Codes } from '../../ui/codes.tsx';
import { Confirm, Dialog } from '../../ui/dialog.tsx';
import { Json } from '../../ui/json.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { type Targets, useWaiting, type WaitingEvent } from './use-waiting.ts';
import { transactionWords } from './words.ts';

interface Row {
  readonly transaction: string;
  readonly application: string;
  readonly events: readonly WaitingEvent[];
}

/** The transactions of the events that wait for their decision. */
function transactionsOf(events: readonly WaitingEvent[]): readonly Row[] {
  const rows = new Map<string, Row>();
  for (const event of events) {
    const { transaction = '', application = '' } = event;
    const key = `${application} ${transaction}`;
    const before = rows.get(key)?.events ?? [];
    rows.set(key, { transaction, application, events: [...before, event] });
  }
  return [...rows.values()];
}

/** An admin names that of another application with it. */
const nameOf = ({ transaction, application }: Row, { me, isAdmin }: Rights): string =>
  isAdmin && application !== me?.application ? `${application}.${transaction}` : transaction;

const mayEnd = ({ application }: Row, { me, isAdmin, acts }: Rights): boolean =>
  acts && (isAdmin || application === me?.application);

/** Open transactions, which may be ended by hand when their producer cannot. */
export function Transactions({ targets }: { readonly targets: Targets }) {
  const t = useWords(transactionWords);
  const rights = useRights();
  const list = useWaiting('open', targets);
  const [shown, setShown] = useState<Row | undefined>();
  const columns: Column<Row>[] = [
    {
      id: 'transaction',
      name: t('transaction'),
      value: ({ transaction }) => transaction,
      show: (row) => (
        <button type="button" className="link" onClick={() => setShown(row)}>
          {row.transaction}
        </button>
      ),
    },
    { id: 'application', name: t('application'), value: ({ application }) => application },
    { id: 'events', name: t('events'), value: ({ events }) => events.length, numeric: true },
    {
      id: 'targets',
      name: t('targets'),
      value: (row) => targetsOf(row).join(' '),
      show: (row) => <Codes values={targetsOf(row)} />,
    },
  ];
  return (
    <>
      {list.error !== null && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.isPending ? (
        <Loading />
      ) : (
        <Table
          id="transactions"
          label={t('transactions')}
          columns={columns}
          rows={transactionsOf(list.items)}
          rowKey={({ transaction, application }) => `${application} ${transaction}`}
          empty={<Empty title={t('none')}>{t('noneNext')}</Empty>}
          more={list.more}
        />
      )}
      <Dialog
        open={shown !== undefined}
        onClose={() => setShown(undefined)}
        title={`${t('transaction')} ${shown?.transaction ?? ''}`}
        wide
      >
        {shown !== undefined &&
          (mayEnd(shown, rights) || rights.me?.application === shown.application ? (
            <Whole row={shown} name={nameOf(shown, rights)} mayEnd={mayEnd(shown, rights)} />
          ) : (
            <>
              <p>{t('notYours')}</p>
              <Json value={shown.events} label={t('events')} />
            </>
          ))}
      </Dialog>
    </>
  );
}

const targetsOf = ({ events }: Row): readonly string[] => [
  ...new Set(events.map(({ topic, receiver }) => topic ?? receiver ?? '')),
];

function Whole({
  row,
  name,
  mayEnd: ends,
}: {
  readonly row: Row;
  readonly name: string;
  readonly mayEnd: boolean;
}) {
  const t = useWords(transactionWords);
  const toast = useToast();
  const [asked, setAsked] = useState<'commit' | 'rollback' | undefined>();
  const read = useRead<Transaction>(path`/transactions/${name}`, { pollSeconds: 5 });
  const end = useChange<'commit' | 'rollback'>(
    (decision) => ({ method: 'POST', at: `${path`/transactions/${name}`}/${decision}` }),
    () => ['/events', '/transactions'],
  );
  if (read.data === undefined) return read.error === null ? <Loading /> : <Problem error={read.error} />;
  const { state, createdAt, checks, lastCheck, nextCheckAt, rollsBackAt, checkUrl, events } = read.data;
  return (
    <div className="stack">
      {read.error !== null && <Problem error={read.error} />}
      <Facts
        facts={[
          [t('state'), state],
          [t('application'), row.application],
          [t('created'), <Time key="created" at={createdAt} />],
          [t('checks'), checks],
          [t('checkUrl'), checkUrl],
          [t('lastCheck'), lastCheck?.outcome],
          [t('nextCheck'), nextCheckAt === undefined ? undefined : <Time key="next" at={nextCheckAt} />],
          [t('rollsBack'), rollsBackAt === undefined ? undefined : <Time key="back" at={rollsBackAt} />],
        ]}
      />
      <Json value={events} label={t('events')} />
      {ends && state === 'half' && (
        <div className="actions">
          <Button icon="check" onClick={() => setAsked('commit')}>
            {t('commit')}
          </Button>
          <Button look="danger" icon="cross" onClick={() => setAsked('rollback')}>
            {t('rollback')}
          </Button>
        </div>
      )}
      <Confirm
        open={asked !== undefined}
        onClose={() => setAsked(undefined)}
        title={t(asked === 'commit' ? 'commitTitle' : 'rollbackTitle', { id: row.transaction })}
        action={asked === 'commit' ? t('commit') : t('rollback')}
        change={end}
        input={asked}
        onDone={() => toast(asked === 'commit' ? t('committed') : t('rolledBack'), row.transaction)}
      >
        <p>{asked === 'commit' ? t('commitLead') : t('rollbackLead')}</p>
      </Confirm>
    </div>
  );
}
