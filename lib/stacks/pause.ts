import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { isPausedLine } from '../core/registry/flow.ts';
import { pausedMetric } from './alarms.ts';
import { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import type { Delay } from './schedule.ts';
import { grantWatching } from './watch.ts';

interface PauseProps extends BusPartProps {
  readonly tableArn: string;
  readonly delay: Delay;
  readonly admin: BusFunction;
}

/**
 * Lets backlog alarms know of a pause: a function that says so every other minute, called by a schedule a declared
 * receiver while it is paused, and a metric of what it says. The metric is paid for while there is a pause.
 */
export class Pause extends Construct {
  constructor(scope: Construct, id: string, props: PauseProps) {
    super(scope, id);
    const { place, environment, tableArn, delay, admin } = props;
    const pause = new BusFunction(this, 'Pause', {
      name: 'pause',
      prefix: place.prefix,
      description: 'Tells the backlog alarm of a receiver that it is paused',
      timeoutSeconds: 30,
      memoryMb: 256,
      environment,
    });
    pause.grant(['dynamodb:GetItem'], [tableArn]);
    grantWatching({ place, delay, watcher: 'pause', start: [admin], stop: [pause] });
    new MetricFilter(this, 'Paused', {
      logGroup: pause.logGroup,
      filterPattern: FilterPattern.stringValue('$.message', '=', isPausedLine),
      ...pausedMetric(place.prefix),
      metricValue: '1',
      dimensions: { Receiver: '$.receiver' },
    });
  }
}
