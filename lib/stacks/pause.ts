import { Construct } from 'constructs';
import { isPausedLine } from '../core/registry/flow.ts';
import { countLine, pausedMetricName } from './alarms.ts';
import type { BusFunction } from './bus-function.ts';
import type { BusPartProps } from './bus-part.ts';
import { WatchFunction } from './watch.ts';

interface PauseProps extends BusPartProps {
  readonly admin: BusFunction;
}

/**
 * Silences the backlog alarm of a paused receiver: a schedule calls a function every other minute while a declared
 * receiver is paused, the function logs a line, and a metric counts it. The metric costs nothing while none is paused.
 */
export class Pause extends Construct {
  constructor(scope: Construct, id: string, props: PauseProps) {
    super(scope, id);
    const { place, tableArn, admin } = props;
    const pause = new WatchFunction(this, 'Pause', props, {
      watcher: 'pause',
      description: 'Tells the backlog alarm of a receiver that it is paused',
      timeoutSeconds: 30,
    });
    pause.grant(['dynamodb:GetItem'], [tableArn]);
    pause.grantControl({ start: [admin], stop: [pause] });
    countLine(this, 'Paused', place.prefix, {
      function: pause,
      line: isPausedLine,
      metricName: pausedMetricName,
      dimensions: { Receiver: '$.receiver' },
    });
  }
}
