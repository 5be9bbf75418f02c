import { path } from '../../api/call.ts';
import type { TopicStatistics } from '../../api/types.ts';
import { useRead } from '../../api/use.ts';
import { useWords } from '../../app/words.ts';
import { Loading, Problem, Section } from '../../ui/basics.tsx';
import { Chart } from '../../ui/chart.tsx';
import { alongSteps, fineSteps, useRange } from '../../ui/range.tsx';
import { topicWords } from './words.ts';

/** What was published to a topic, over time. */
export function TopicPlot({ topic }: { readonly topic: string }) {
  const t = useWords(topicWords);
  const { range, buttons } = useRange(fineSteps);
  const read = useRead<TopicStatistics>(path`/topics/${topic}/statistics`, {
    query: { since: range.since, step: range.step },
    pollSeconds: range.name === 'hour' ? 10 : 60,
    keep: true,
  });
  const plot = alongSteps(read.data?.points ?? [], range);
  return (
    <Section title={t('published')} actions={buttons}>
      {read.error !== null && <Problem error={read.error} retry={() => void read.refetch()} />}
      {read.data === undefined ? (
        read.error === null && <Loading />
      ) : (
        <Chart
          label={t('perSecond')}
          unit="/s"
          height={220}
          times={plot.times}
          series={[
            { name: t('accepted'), colour: '--plot-good', values: plot.rate((point) => point.accepted) },
            {
              name: t('rejected'),
              colour: '--plot-bad',
              values: plot.rate((point) => point.rejected),
              dash: true,
            },
            { name: t('duplicate'), colour: '--plot-other', values: plot.rate((point) => point.duplicate) },
          ]}
        />
      )}
    </Section>
  );
}
