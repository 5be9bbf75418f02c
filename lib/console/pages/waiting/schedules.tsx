import { useState } from 'react';
import { path } from '../../api/call.ts';
import { useRights } from '../../api/me.ts';
import type { Schedule, Schedules as ScheduleList } from '../../api/types.ts';
import { useChange, useList, useRead } from '../../api/use.ts';
import type { Translate } from '../../app/words.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Button, Empty, Loading, Problem } from '../../ui/basics.tsx';
import { Confirm, Dialog } from '../../ui/dialog.tsx';
import { Json } from '../../ui/json.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { useToast } from '../../ui/toasts.tsx';
import { Target, targetOf } from './target.tsx';
import { scheduleWords } from './words.ts';

type Row = ScheduleList['schedules'][number];

/** Recurring schedules with their next times. */
export function Schedules() {
  const t = useWords(scheduleWords);
  const toast = useToast();
  const { manages } = useRights();
  const [shown, setShown] = useState<Row | undefined>();
  const [removed, setRemoved] = useState<Row | undefined>();
  const list = useList<ScheduleList, Row>('/schedules', ({ schedules }) => schedules, {
    pollSeconds: 10,
    limit: 500,
  });
  const turn = useChange<{ readonly row: Row; readonly to: 'pause' | 'resume' }>(
    ({ row, to }) => ({ method: 'POST', at: `${path`/schedules/${row.schedule}`}/${to}` }),
    () => ['/schedules'],
  );
  const remove = useChange<Row>(
    ({ schedule }) => ({ method: 'DELETE', at: path`/schedules/${schedule}` }),
    () => ['/schedules', '/events'],
  );
  const columns: Column<Row>[] = [
    {
      id: 'schedule',
      name: t('schedule'),
      value: ({ schedule }) => schedule,
      show: (row) => (
        <button type="button" className="link" onClick={() => setShown(row)}>
          {row.schedule}
        </button>
      ),
    },
    {
      id: 'state',
      name: t('state'),
      value: ({ state }) => state,
      show: ({ state, problem }) => (
        <span className="stack tight">
          <Badge tone={state === 'active' ? 'good' : 'warn'}>{state}</Badge>
          {problem !== undefined && <Badge tone="bad">{problem}</Badge>}
        </span>
      ),
    },
    { id: 'owner', name: t('owner'), value: ({ owner }) => owner },
    { id: 'target', name: t('target'), value: targetOf, show: (row) => <Target {...row} /> },
    {
      id: 'when',
      name: t('when'),
      value: (row) => whenOf(row, t),
      show: (row) => <code>{whenOf(row, t)}</code>,
    },
    {
      id: 'next',
      name: t('next'),
      value: ({ next }) => next[0],
      show: ({ next: [first] }) => (first === undefined ? '–' : <Time at={first} />),
    },
    {
      id: 'lastFired',
      name: t('lastFired'),
      value: ({ lastFiredAt }) => lastFiredAt,
      show: ({ lastFiredAt }) => (lastFiredAt === undefined ? '–' : <Time at={lastFiredAt} />),
    },
    {
      id: 'actions',
      name: t('actions'),
      value: () => undefined,
      show: (row) =>
        manages(row.owner) && (
          <span className="actions">
            <Button look="quiet" onClick={() => turnOf(row)}>
              {row.state === 'active' ? t('pause') : t('resume')}
            </Button>
            <Button look="danger" onClick={() => setRemoved(row)}>
              {t('remove')}
            </Button>
          </span>
        ),
    },
  ];
  const turnOf = (row: Row) => {
    const to = row.state === 'active' ? 'pause' : 'resume';
    turn.mutate(
      { row, to },
      { onSuccess: () => toast(t(to === 'pause' ? 'paused' : 'resumed', { schedule: row.schedule })) },
    );
  };
  return (
    <>
      {turn.error !== null && <Problem error={turn.error} />}
      <ListTable
        id="schedules"
        label={t('schedules')}
        columns={columns}
        list={list}
        rowKey={({ schedule }) => schedule}
        empty={<Empty title={t('none')}>{t('noneNext')}</Empty>}
      />
      <Dialog
        open={shown !== undefined}
        onClose={() => setShown(undefined)}
        title={`${t('schedule')} ${shown?.schedule ?? ''}`}
        wide
      >
        {shown !== undefined && <Whole name={shown.schedule} />}
      </Dialog>
      <Confirm
        open={removed !== undefined}
        onClose={() => setRemoved(undefined)}
        title={t('removeTitle', { schedule: removed?.schedule ?? '' })}
        action={t('remove')}
        change={remove}
        input={removed}
      >
        <p>{t('removeLead')}</p>
      </Confirm>
    </>
  );
}

function whenOf({ cron, timezone, everySeconds }: Row, t: Translate<'every'>): string {
  if (cron === undefined) return t('every', { seconds: String(everySeconds ?? '') });
  return timezone === undefined ? cron : `${cron} (${timezone})`;
}

function Whole({ name }: { readonly name: string }) {
  const t = useWords(scheduleWords);
  const read = useRead<Schedule>(path`/schedules/${name}`, { pollSeconds: 10 });
  if (read.data === undefined) return read.error === null ? <Loading /> : <Problem error={read.error} />;
  return (
    <div className="stack">
      <h3>{t('nextTimes')}</h3>
      <ul className="plain">
        {read.data.next.map((at) => (
          <li key={at}>
            <Time at={at} exact /> (<Time at={at} />)
          </li>
        ))}
      </ul>
      <Json value={read.data} label={name} />
    </div>
  );
}
