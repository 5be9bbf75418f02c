import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { breakerOpened } from '../core/breaker/breaker.ts';
import { bus } from '../core/kernel/limits.ts';
import type { Alarms } from './alarms.ts';
import { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { grantSending } from './delivery.ts';
import type { Delay } from './schedule.ts';
import { grantWatching } from './watch.ts';

interface BreakerProps extends BusPartProps {
  readonly tableArn: string;
  readonly delay: Delay;
  readonly deliver: BusFunction;
  readonly admin: BusFunction;
  readonly alarms: Alarms;
}

/**
 * What breakers need beside the deliver function: a function that probes receivers whose lane is not polled, called by
 * a schedule a receiver, and an alarm for a breaker that opened.
 */
export class Breaker extends Construct {
  readonly probe: BusFunction;

  constructor(scope: Construct, id: string, props: BreakerProps) {
    super(scope, id);
    const { place, environment, tableArn, delay, deliver, admin, alarms } = props;
    this.probe = new BusFunction(this, 'Probe', {
      name: 'probe',
      prefix: place.prefix,
      description: 'Finds out whether an endpoint that failed is back',
      timeoutSeconds: bus.deliverTimeoutSeconds,
      memoryMb: 256,
      environment,
    });
    grantSending(this.probe, place, tableArn);
    grantWatching({
      ...{ place, delay, watcher: 'probe' },
      start: [deliver, this.probe],
      stop: [deliver, this.probe, admin],
    });
    alarms.tell(this.openedAlarm(place.prefix, deliver));
  }

  /** One metric for all receivers: one each would cost more than its queue. The log line names the receiver. */
  private openedAlarm(prefix: string, deliver: BusFunction): Alarm {
    const filter = countOpened(this, prefix, deliver);
    return new Alarm(this, 'OpenedAlarm', {
      alarmDescription: 'The breaker of a receiver opened: its endpoint fails. See docs/operating.md.',
      metric: filter.metric({ statistic: 'Sum' }),
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}

/** Counts the breakers that a function opened, in the metric that the alarm watches. */
export function countOpened(scope: Construct, prefix: string, { logGroup }: BusFunction): MetricFilter {
  return new MetricFilter(scope, 'Opened', {
    logGroup,
    filterPattern: FilterPattern.stringValue('$.message', '=', breakerOpened),
    metricNamespace: `Busbar/${prefix}`,
    metricName: 'BreakersOpened',
    metricValue: '1',
  });
}
