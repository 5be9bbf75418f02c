import { Link } from 'wouter';
import type { Audit, Overview } from '../../api/types.ts';
import { useRead } from '../../api/use.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Empty, Figure, Loading, Page, Problem, Progress, Section } from '../../ui/basics.tsx';
import { Chart } from '../../ui/chart.tsx';
import { alongSteps } from '../../ui/range.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { duration, Time, useNow } from '../../ui/time.tsx';
import { Changes } from '../audit/changes.tsx';
import { stateTone } from '../receivers/state.ts';
import { overviewWords } from './words.ts';

const minuteMs = 60_000;

/** How the bus is: what comes and goes, what is not as it should be, and what was changed. */
export default function OverviewPage() {
  const t = useWords(overviewWords);
  const now = useNow();
  const { data, error, refetch } = useRead<Overview>('/overview', { pollSeconds: 5 });
  const since = new Date(Math.floor(now / minuteMs - 60) * minuteMs).toISOString();
  const changes = useRead<Audit>('/audit', { query: { since, limit: 12 }, pollSeconds: 30, keep: true });
  return (
    <Page title={t('title')}>
      {error !== null && <Problem error={error} retry={() => void refetch()} />}
      {data === undefined ? (
        error === null && <Loading />
      ) : (
        <>
          <Figures overview={data} />
          <Section title={t('notWell')}>
            <NotWell overview={data} />
          </Section>
          <Plots overview={data} since={since} changes={changes.data} />
          <div className="columns">
            <Section title={t('redrives')}>
              <Redrives overview={data} />
            </Section>
            <Section title={t('holds')}>
              <Holds overview={data} />
            </Section>
          </div>
          <Section
            title={t('changes')}
            actions={<Link href={`/audit?since=${encodeURIComponent(since)}`}>{t('toAudit')}</Link>}
          >
            <Changes audit={changes.data} error={changes.error} none={t('noChanges')} />
          </Section>
        </>
      )}
    </Page>
  );
}

/** What one looks at first. */
function Figures({
  overview: { troubled, holds, redrives, requests, receivers },
}: {
  readonly overview: Overview;
}) {
  const t = useWords(overviewWords);
  const lately = receivers.reduce((sum, { deadLetteredLately }) => sum + deadLetteredLately, 0);
  const running = redrives.filter(({ state }) => state !== 'halted').length;
  const halted = redrives.length - running;
  return (
    <div className="figures">
      <Figure name={t('notWell')} value={troubled} tone={troubled > 0 ? 'bad' : 'good'} to="/receivers" />
      <Figure name={t('lately')} value={lately} tone={lately > 0 ? 'bad' : 'good'} />
      <Figure name={t('holds')} value={holds.length} tone={holds.length > 0 ? 'warn' : 'quiet'} />
      <Figure
        name={t('redrives')}
        value={redrives.length}
        tone={halted > 0 ? 'bad' : running > 0 ? 'info' : 'quiet'}
      />
      <Figure
        name={`${t('requests')}: ${t('toDecide')}`}
        value={requests.toDecide}
        tone={requests.toDecide > 0 ? 'info' : 'quiet'}
        to="/requests"
      />
      <Figure name={`${t('requests')}: ${t('made')}`} value={requests.made} to="/requests" />
    </div>
  );
}

type Troubled = Overview['receivers'][number];

/** The worst first, as the bus ranks them. */
function NotWell({ overview }: { readonly overview: Overview }) {
  const t = useWords(overviewWords);
  const { language } = usePreferences();
  const columns: Column<Troubled>[] = [
    {
      id: 'receiver',
      name: t('receiver'),
      value: ({ receiver }) => receiver,
      show: ({ receiver }) => <Link href={`/receivers/${receiver}`}>{receiver}</Link>,
    },
    {
      id: 'state',
      name: t('state'),
      value: ({ state, breaker }) => `${state} ${breaker}`,
      show: ({ state, breaker, backlogHigh }) => (
        <span className="badges">
          {state !== 'active' && <Badge tone={stateTone(state)}>{state}</Badge>}
          {breaker !== 'closed' && <Badge tone={stateTone(breaker)}>{`${t('breaker')}: ${breaker}`}</Badge>}
          {backlogHigh === true && <Badge tone="warn">{t('backlog')}</Badge>}
          {state === 'active' && breaker === 'closed' && backlogHigh !== true && (
            <Badge tone="warn">{t('failed')}</Badge>
          )}
        </span>
      ),
    },
    {
      id: 'why',
      name: t('why'),
      value: ({ breakerReason, stateReason }) => stateReason ?? breakerReason,
      wide: true,
    },
    { id: 'waiting', name: t('waiting'), value: ({ now }) => now?.waiting, numeric: true },
    {
      id: 'oldest',
      name: t('oldest'),
      value: ({ now }) => now?.oldestSeconds,
      show: ({ now }) => (now === undefined ? '–' : duration(now.oldestSeconds, language)),
      numeric: true,
    },
    { id: 'failed', name: t('failed'), value: ({ failed }) => failed, numeric: true },
    { id: 'delivered', name: t('delivered'), value: ({ delivered }) => delivered, numeric: true },
    {
      id: 'letters',
      name: t('letters'),
      value: ({ now }) => now?.deadLetters,
      show: ({ receiver, now, deadLetteredLately }) => (
        <Link href={`/receivers/${receiver}/dead-letters`}>
          {now?.deadLetters ?? '–'} {deadLetteredLately > 0 && `(+${deadLetteredLately})`}
        </Link>
      ),
      numeric: true,
    },
    { id: 'owner', name: t('owner'), value: ({ owner }) => owner },
  ];
  return (
    <>
      {overview.partial === true && <p className="lead">{t('partial')}</p>}
      {overview.troubled > overview.receivers.length && (
        <p className="lead">{t('others', { count: overview.troubled })}</p>
      )}
      <Table
        id="not-well"
        label={t('notWell')}
        columns={columns}
        rows={overview.receivers}
        rowKey={({ receiver }) => receiver}
        tools={false}
        empty={<Empty title={t('allWell')}>{t('allWellNext')}</Empty>}
      />
    </>
  );
}

function Plots({
  overview,
  since,
  changes,
}: {
  readonly overview: Overview;
  readonly since: string;
  readonly changes: Audit | undefined;
}) {
  const t = useWords(overviewWords);
  const plot = alongSteps(overview.points, { since, step: 60, seconds: 3600 });
  // Causes beside effects.
  const marks = (changes?.entries ?? []).map(({ at, call }) => ({ at: Date.parse(at) / 1000, name: call }));
  return (
    <div className="columns">
      <Section title={t('rates')}>
        <Chart
          label={t('rates')}
          unit="/s"
          times={plot.times}
          marks={marks}
          series={[
            { name: t('accepted'), colour: '--plot-main', values: plot.rate((point) => point.accepted) },
            { name: t('delivered'), colour: '--plot-good', values: plot.rate((point) => point.delivered) },
            { name: t('failed'), colour: '--plot-bad', values: plot.rate((point) => point.failed) },
            {
              name: t('deadLettered'),
              colour: '--plot-other',
              values: plot.rate((point) => point.deadLettered),
              dash: true,
            },
          ]}
        />
      </Section>
      <Section title={t('latency')}>
        <Chart
          label={t('latency')}
          unit="ms"
          times={plot.times}
          marks={marks}
          series={[
            { name: 'p50', colour: '--plot-main', values: plot.value((point) => point.latencyMs.p50) },
            { name: 'p99', colour: '--plot-warn', values: plot.value((point) => point.latencyMs.p99) },
          ]}
        />
      </Section>
    </div>
  );
}

function Redrives({ overview: { redrives } }: { readonly overview: Overview }) {
  const t = useWords(overviewWords);
  if (redrives.length === 0) return <p className="lead">{t('noRedrives')}</p>;
  return (
    <ul className="plain">
      {redrives.map(({ id, receiver, state, sent, total, reason }) => (
        <li key={id}>
          <span className="badges">
            <Link href={`/receivers/${receiver}/dead-letters`}>{receiver}</Link>
            <Badge tone={stateTone(state)}>{state}</Badge>
          </span>
          <Progress done={sent} total={total} label={`${t('sent')}: ${receiver}`} />
          {reason !== undefined && <p className="lead">{reason}</p>}
        </li>
      ))}
    </ul>
  );
}

function Holds({ overview: { holds } }: { readonly overview: Overview }) {
  const t = useWords(overviewWords);
  if (holds.length === 0) return <p className="lead">{t('noHolds')}</p>;
  return (
    <ul className="plain">
      {holds.map(({ topic, state, by, since, reason }) => (
        <li key={topic}>
          <span className="badges">
            <Link href={`/topics/${topic}`}>{topic}</Link>
            <Badge tone="warn">{state}</Badge>
          </span>
          <p className="lead">
            {t('since')} <Time at={since} />, {t('by')} {by}
            {reason !== undefined && `: ${reason}`}
          </p>
        </li>
      ))}
    </ul>
  );
}
