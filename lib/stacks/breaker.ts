import type { MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { breakerOpened } from '../core/breaker/breaker.ts';
import { bus } from '../core/kernel/limits.ts';
import { type Alarms, countLine } from './alarms.ts';
import type { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { grantSending } from './delivery.ts';
import { WatchFunction } from './watch.ts';

interface BreakerProps extends BusPartProps {
  readonly deliver: BusFunction;
  readonly admin: BusFunction;
  readonly alarms: Alarms;
}

/** Probes receivers whose lane is not polled because their breaker is open, and alarms when a breaker opens. */
export class Breaker extends Construct {
  readonly probe: BusFunction;

  constructor(scope: Construct, id: string, props: BreakerProps) {
    super(scope, id);
    const { place, tableArn, deliver, admin, alarms } = props;
    const probe = new WatchFunction(this, 'Probe', props, {
      watcher: 'probe',
      description: 'Finds out whether an endpoint that failed is back',
      timeoutSeconds: bus.deliverTimeoutSeconds,
    });
    grantSending(probe, place, tableArn);
    probe.grantControl({ start: [deliver, probe], stop: [deliver, probe, admin] });
    this.probe = probe;
    // One metric for all receivers: one for each would cost more than its queue. The log line names the receiver.
    alarms.add(this, 'OpenedAlarm', {
      description: 'The breaker of a receiver opened: its endpoint fails. See docs/operating.md.',
      metric: countOpened(this, place.prefix, deliver).metric({ statistic: 'Sum' }),
    });
  }
}

/** Counts the breakers that a function opens, in the metric that the alarm watches. */
export function countOpened(scope: Construct, prefix: string, sender: BusFunction): MetricFilter {
  return countLine(scope, 'Opened', prefix, {
    function: sender,
    line: breakerOpened,
    metricName: 'BreakersOpened',
  });
}
