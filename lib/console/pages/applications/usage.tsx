import { path } from '../../api/call.ts';
import type { ApplicationStatistics } from '../../api/types.ts';
import { useRead } from '../../api/use.ts';
import { usePreferences } from '../../app/preferences.ts';
import { formatNumber, useWords } from '../../app/words.ts';
import { Empty, Figure, Loading, Problem, Section } from '../../ui/basics.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { applicationWords } from './words.ts';

type Month = ApplicationStatistics['points'][number];
type Count = Exclude<keyof Month, 'at'>;

const counts = ['accepted', 'rejected', 'duplicate', 'delivered', 'failed', 'deadLettered', 'bytes'] as const;

/** What an application used, month by month, and what that costs. */
export function Usage({ application }: { readonly application: string }) {
  const t = useWords(applicationWords);
  const { language } = usePreferences();
  const read = useRead<ApplicationStatistics>(path`/applications/${application}/statistics`, {
    pollSeconds: 60,
  });
  if (read.error !== null) return <Problem error={read.error} retry={() => void read.refetch()} />;
  if (read.data === undefined) return <Loading />;
  const months = read.data.points.filter(
    (month) => counts.some((name) => month[name] > 0) || month.costDollars > 0,
  );
  const sum = (name: Count) => months.reduce((total, month) => total + month[name], 0);
  const columns: Column<Month>[] = [
    { id: 'month', name: t('month'), value: ({ at }) => at.slice(0, 7) },
    ...counts.map(
      (name): Column<Month> => ({
        id: name,
        name: t(name),
        numeric: true,
        value: (month) => month[name],
        show: (month) => formatNumber(month[name], language),
        extra: name === 'duplicate' || name === 'bytes',
      }),
    ),
    {
      id: 'cost',
      name: t('cost'),
      numeric: true,
      value: ({ costDollars }) => costDollars,
      show: ({ costDollars }) => dollars(costDollars),
    },
  ];
  return (
    <Section title={t('usage')}>
      <div className="figures">
        <Figure name={`${t('accepted')}, ${t('total')}`} value={formatNumber(sum('accepted'), language)} />
        <Figure name={`${t('delivered')}, ${t('total')}`} value={formatNumber(sum('delivered'), language)} />
        <Figure name={`${t('cost')}, ${t('total')}`} value={dollars(sum('costDollars'))} />
      </div>
      <Table
        id="usage"
        label={t('usage')}
        columns={columns}
        rows={months}
        rowKey={({ at }) => at}
        sorted="-month"
        empty={<Empty title={t('noUsage')}>{t('noUsageNext')}</Empty>}
      />
      <p className="lead">{t('costHint')}</p>
    </Section>
  );
}

/** Cents where they matter: what little costs is not shown as nothing. */
const dollars = (value: number): string =>
  value === 0 ? '$0' : value < 0.01 ? `$${value.toPrecision(2)}` : `$${value.toFixed(2)}`;
