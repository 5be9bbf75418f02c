import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { CallError } from '../../api/call.ts';
import type { Audit, ReceiverStatistics, ReceiverWhole } from '../../api/types.ts';
import { useRead } from '../../api/use.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useWords } from '../../app/words.ts';
import { Badge, Facts, Figure, Loading, Problem, Section } from '../../ui/basics.tsx';
import { Chart } from '../../ui/chart.tsx';
import { alongSteps, type Range } from '../../ui/range.tsx';
import { Countdown, duration, Time } from '../../ui/time.tsx';
import { Changes } from '../audit/changes.tsx';
import { stateTone } from './state.ts';
import { receiverWords } from './words.ts';

/** How a receiver does: what waits, what fails and since when, and what was changed meanwhile. */
export function Health({
  receiver,
  statistics,
  range,
  ranges,
}: {
  readonly receiver: ReceiverWhole;
  readonly statistics: UseQueryResult<ReceiverStatistics, CallError>;
  readonly range: Range;
  readonly ranges: ReactNode;
}) {
  const t = useWords(receiverWords);
  const { language } = usePreferences();
  const { data, error } = statistics;
  if (data === undefined) return error === null ? <Loading /> : <Problem error={error} />;
  const { now } = data;
  const { breaker } = receiver;
  const plot = alongSteps(data.points, range);
  const here = `/receivers/${encodeURIComponent(receiver.receiver)}`;
  return (
    <>
      <div className="figures">
        <Figure name={t('breaker')} value={breaker.state} tone={stateTone(breaker.state)} />
        <Figure name={t('waiting')} value={now.waiting} tone={now.waiting > 0 ? 'warn' : 'good'} />
        <Figure
          name={t('oldest')}
          value={now.waiting + now.inFlight === 0 ? '–' : duration(now.oldestSeconds, language)}
          tone={now.oldestSeconds > 60 ? 'warn' : 'quiet'}
        />
        <Figure name={t('inFlight')} value={now.inFlight} />
        <Figure
          name={t('deadLetters')}
          value={now.deadLetters}
          tone={now.deadLetters > 0 ? 'bad' : 'good'}
          to={`${here}/dead-letters`}
        />
      </div>
      {breaker.state !== 'closed' && (
        <Section title={t('breaker')}>
          <Facts
            facts={[
              [
                t('state'),
                <Badge key="state" tone={stateTone(breaker.state)}>
                  {breaker.state}
                </Badge>,
              ],
              [t('cause'), breaker.reason],
              [t('since'), breaker.since !== undefined && <Time key="since" at={breaker.since} />],
              [
                t('nextProbe'),
                breaker.nextProbeAt !== undefined && (
                  <Countdown key="next" to={breaker.nextProbeAt} due={t('probeDue')} />
                ),
              ],
            ]}
          />
        </Section>
      )}
      {receiver.stateReason !== undefined && (
        <Section title={receiver.state}>
          <p>{receiver.stateReason}</p>
        </Section>
      )}
      <div className="columns">
        <Section title={t('deliveriesPlot')} actions={ranges}>
          <Chart
            label={t('deliveriesPlot')}
            unit="/s"
            times={plot.times}
            series={[
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
        <Section title={t('latencyPlot')}>
          <Chart
            label={t('latencyPlot')}
            unit="ms"
            times={plot.times}
            series={[
              { name: 'p50', colour: '--plot-main', values: plot.value((point) => point.latencyMs.p50) },
              { name: 'p99', colour: '--plot-warn', values: plot.value((point) => point.latencyMs.p99) },
            ]}
          />
        </Section>
      </div>
      <ChangesOf target={receiver.receiver} since={range.since} />
    </>
  );
}

/** What the audit has about it, beside the plots: an effect often begins at its cause. */
function ChangesOf({ target, since }: { readonly target: string; readonly since: string }) {
  const t = useWords(receiverWords);
  const { data, error } = useRead<Audit>('/audit', {
    query: { target, since, limit: 20 },
    pollSeconds: 30,
    keep: true,
  });
  return (
    <Section title={t('changes')}>
      <Changes audit={data} error={error} none={t('noChanges')} />
    </Section>
  );
}
