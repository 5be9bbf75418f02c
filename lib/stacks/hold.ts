import { Construct } from 'constructs';
import { heldByRule, releaseInTrouble } from '../core/hold/hold.ts';
import { holdTimeoutSeconds } from '../core/hold/limits.ts';
import type { Alarms } from './alarms.ts';
import type { BusFunction } from './bus-function.ts';
import { anyQueue, type BusPartProps } from './bus-part.ts';
import { reasons } from './nag.ts';
import { grantRouting } from './routing.ts';
import { WatchFunction } from './watch.ts';

interface HoldProps extends BusPartProps {
  readonly admin: BusFunction;
  readonly declare: BusFunction;
  readonly alarms: Alarms;
}

/** Releases topics that were on hold, and holds topics by their rules. */
export class Hold extends Construct {
  readonly hold: BusFunction;

  constructor(scope: Construct, id: string, props: HoldProps) {
    super(scope, id);
    const { place, tableArn, admin, declare, alarms } = props;
    const hold = new WatchFunction(this, 'Hold', props, {
      watcher: 'hold',
      description: 'Releases held events, and holds topics by their rules',
      timeoutSeconds: holdTimeoutSeconds,
      memoryMb: 512,
    });
    this.hold = hold;
    hold.grant(
      [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
        'dynamodb:Query',
        'dynamodb:BatchGetItem',
        'dynamodb:BatchWriteItem',
      ],
      [tableArn],
    );
    grantRouting(hold, place, tableArn);
    // The rules look at messages in the lanes and delete none.
    hold.grantByPattern(
      ['sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
      [anyQueue(place, 'online'), anyQueue(place, 'offline'), anyQueue(place, 'ordered')],
      reasons.madeAtRunTime,
    );
    hold.grantControl({ start: [admin, declare, hold], stop: [admin, hold] });
    admin.grant(['lambda:InvokeFunction'], [hold.function.functionArn]);
    // An operator may release a single event.
    grantRouting(admin, place, tableArn);

    alarms.alarmOnLog(this, 'HeldByRule', {
      functions: [hold],
      line: heldByRule,
      metricName: 'TopicsHeldByRule',
      description: 'A topic gave way by its rule: its receivers lag behind. See docs/operating.md.',
    });
    alarms.alarmOnLog(this, 'InTrouble', {
      functions: [hold],
      line: releaseInTrouble,
      metricName: 'ReleasesInTrouble',
      description: 'AWS refuses events that a topic releases; they stay held. See docs/operating.md.',
    });
  }
}

/** Lets a function that sends events to topics store those of topics on hold. */
export function grantHolding(sender: BusFunction, tableArn: string): void {
  sender.grant(
    [
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'dynamodb:BatchGetItem',
      'dynamodb:BatchWriteItem',
    ],
    [tableArn],
  );
}
