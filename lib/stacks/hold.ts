import { Construct } from 'constructs';
import { heldByRule, releaseInTrouble } from '../core/hold/hold.ts';
import { holdTimeoutSeconds } from '../core/hold/limits.ts';
import type { Alarms } from './alarms.ts';
import { BusFunction } from './bus-function.ts';
import { anyQueue, anyTopic, type BusPartProps } from './bus-part.ts';
import { reasons } from './nag.ts';
import type { Delay } from './schedule.ts';
import { grantWatching } from './watch.ts';

interface HoldProps extends BusPartProps {
  readonly tableArn: string;
  readonly delay: Delay;
  readonly admin: BusFunction;
  readonly declare: BusFunction;
  readonly alarms: Alarms;
}

/**
 * Releases topics that were on hold, and follows the rules by which topics give way: a function that a schedule calls
 * for each topic that needs it, and that costs nothing while no topic does.
 */
export class Hold extends Construct {
  readonly hold: BusFunction;

  constructor(scope: Construct, id: string, props: HoldProps) {
    super(scope, id);
    const { place, environment, tableArn, delay, admin, declare, alarms } = props;
    this.hold = new BusFunction(this, 'Hold', {
      name: 'hold',
      prefix: place.prefix,
      description: 'Releases held events, and holds topics by their rules',
      timeoutSeconds: holdTimeoutSeconds,
      memoryMb: 512,
      environment,
    });
    this.hold.grant(
      [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:DeleteItem',
        'dynamodb:Query',
        'dynamodb:BatchGetItem',
        'dynamodb:BatchWriteItem',
      ],
      [tableArn],
    );
    this.hold.grantByPattern(['sns:Publish'], [anyTopic(place)], reasons.madeAtRunTime);
    // The rules look into the lanes, and take nothing out.
    this.hold.grantByPattern(
      ['sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
      [anyQueue(place, 'online'), anyQueue(place, 'offline'), anyQueue(place, 'ordered')],
      reasons.madeAtRunTime,
    );
    grantWatching({
      ...{ place, delay, watcher: 'hold' },
      start: [admin, declare, this.hold],
      stop: [admin, this.hold],
    });
    admin.grant(['lambda:InvokeFunction'], [this.hold.function.functionArn]);
    // One event is sent by hand where the operator is.
    admin.grantByPattern(['sns:Publish'], [anyTopic(place)], reasons.madeAtRunTime);

    alarms.tellOfLine(this, 'HeldByRule', {
      functions: [this.hold],
      line: heldByRule,
      metricName: 'TopicsHeldByRule',
      prefix: place.prefix,
      description: 'A topic gave way by its rule: its receivers lag behind. See docs/operating.md.',
    });
    alarms.tellOfLine(this, 'InTrouble', {
      functions: [this.hold],
      line: releaseInTrouble,
      metricName: 'ReleasesInTrouble',
      prefix: place.prefix,
      description: 'AWS refuses events that a topic releases; they stay held. See docs/operating.md.',
    });
  }
}
