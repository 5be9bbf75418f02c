import { path } from '../../api/call.ts';
import { type Period, periodQuery, periods } from '../../api/period.ts';
import type { TopicStatistics } from '../../api/types.ts';
import { useRead } from '../../api/use.ts';
import { useSearchParameter } from '../../app/address.ts';
import { useWords } from '../../app/words.ts';
import { Loading, Problem, Section } from '../../ui/basics.tsx';
import { Chart } from '../../ui/chart.tsx';
import { ChoiceField } from '../../ui/form.tsx';
import { topicWords } from './words.ts';

type Point = TopicStatistics['points'][number];

/** What was published to a topic, over time. */
export function TopicPlot({ topic }: { readonly topic: string }) {
  const t = useWords(topicWords);
  const [chosen, choose] = useSearchParameter('period', 'hour');
  const period: Period = Object.hasOwn(periods, chosen) ? (chosen as Period) : 'hour';
  const { step } = periods[period];
  const read = useRead<TopicStatistics>(path`/topics/${topic}/statistics`, {
    query: periodQuery(period, Date.now()),
    pollSeconds: period === 'hour' ? 10 : 60,
    keep: true,
  });
  const points = read.data?.points ?? [];
  const perSecond = (count: (point: Point) => number) => points.map((point) => count(point) / step);
  return (
    <Section
      title={t('published')}
      actions={
        <ChoiceField
          label={t('period')}
          value={period}
          choices={{ hour: t('hour'), day: t('day'), month: t('month') }}
          onChange={choose}
        />
      }
    >
      {read.error !== null && <Problem error={read.error} retry={() => void read.refetch()} />}
      {read.data === undefined ? (
        read.error === null && <Loading />
      ) : (
        <Chart
          label={t('perSecond')}
          unit="/s"
          height={220}
          times={points.map(({ at }) => Date.parse(at) / 1000)}
          series={[
            { name: t('accepted'), colour: '--plot-good', values: perSecond(({ accepted }) => accepted) },
            {
              name: t('rejected'),
              colour: '--plot-bad',
              values: perSecond(({ rejected }) => rejected),
              dash: true,
            },
            { name: t('duplicate'), colour: '--plot-other', values: perSecond(({ duplicate }) => duplicate) },
          ]}
        />
      )}
    </Section>
  );
}
