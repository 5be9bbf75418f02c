import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { loopsStopped } from '../../../core/event/hops.ts';
import { bus } from '../../../core/kernel/limits.ts';
import type { Vpc } from '../../../core/kernel/vpc.ts';
import { countOpened } from '../../../stacks/breaker.ts';
import { BusFunction } from '../../../stacks/bus-function.ts';
import type { BusPartProps } from '../../../stacks/bus-part.ts';
import { grantConsuming, grantSending } from '../../../stacks/delivery.ts';
import { addToVpc } from '../../../stacks/vpc.ts';
import { grantWatching } from '../../../stacks/watch.ts';

interface RocketMqReceiverProps extends BusPartProps {
  /** The brokers' network, where they can be reached only from there. */
  readonly vpc: Vpc | undefined;
}

/**
 * Sends to receivers that are topics of RocketMQ, and probes them: a function of its own, so that no other carries the
 * client, and it alone can be put into the brokers' network.
 */
export class RocketMqReceiver extends Construct {
  readonly deliverRocketMq: BusFunction;

  constructor(scope: Construct, id: string, props: RocketMqReceiverProps) {
    super(scope, id);
    const { place, environment, tableArn, delay, vpc } = props;
    this.deliverRocketMq = new BusFunction(this, 'DeliverRocketMq', {
      name: 'deliver-rocketmq',
      entry: 'lib/connectors/rocketmq/functions/deliver.ts',
      prefix: place.prefix,
      description: 'Sends events to receivers that are topics of RocketMQ',
      timeoutSeconds: bus.deliverTimeoutSeconds,
      memoryMb: 256,
      environment,
    });
    grantSending(this.deliverRocketMq, place, tableArn);
    grantConsuming(this.deliverRocketMq, place);
    grantWatching({
      ...{ place, delay, watcher: 'probe', by: 'deliver-rocketmq' },
      start: [this.deliverRocketMq],
      stop: [this.deliverRocketMq],
    });
    if (vpc !== undefined) addToVpc(this.deliverRocketMq, vpc);
    countOpened(this, place.prefix, this.deliverRocketMq);
    // A number to look at, and no alarm: two topics that mirror each other stop every event once.
    new MetricFilter(this, 'LoopsStopped', {
      logGroup: this.deliverRocketMq.logGroup,
      filterPattern: FilterPattern.stringValue('$.message', '=', loopsStopped),
      metricNamespace: `Busbar/${place.prefix}`,
      metricName: 'LoopsStopped',
      metricValue: '$.count',
    });
  }
}
