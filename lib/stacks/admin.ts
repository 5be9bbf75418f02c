import { Construct } from 'constructs';
import { BusFunction } from './bus-function.ts';
import { anyQueue, anyTopic, type BusPartProps } from './bus-part.ts';
import { sendingFunctions } from './mappings.ts';
import { reasons } from './nag.ts';
import type { Delay } from './schedule.ts';

/** The registry: topics, receivers and subscriptions over the API, and keys by invocation only. */
export class Admin extends Construct {
  readonly admin: BusFunction;
  readonly keys: BusFunction;

  constructor(
    scope: Construct,
    id: string,
    props: BusPartProps & {
      tableArn: string;
      redriveQueueArn: string;
      delay: Delay;
    },
  ) {
    super(scope, id);
    const { place, environment, tableArn, redriveQueueArn, delay } = props;
    this.admin = new BusFunction(this, 'Admin', {
      name: 'admin',
      prefix: place.prefix,
      description: 'Manages topics, receivers and subscriptions',
      timeoutSeconds: 29,
      memoryMb: 256,
      environment,
    });
    this.admin.grant(
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
    // Dead letters are taken into the table when somebody looks at them.
    this.admin.grantByPattern(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
      [anyQueue(place, 'dead-letters'), anyQueue(place, 'ordered-dead-letters')],
      reasons.madeAtRunTime,
    );
    // An event that is re-timed gets another timer, one that is cancelled needs none.
    this.admin.grant(['dynamodb:UpdateItem'], [tableArn]);
    this.admin.grant(['sqs:SendMessage'], [redriveQueueArn, delay.queue.queueArn]);
    delay.grantSchedules(this.admin, place);
    delay.grantGuards(this.admin, place);
    this.admin.grantByPattern(
      [
        'sns:CreateTopic',
        'sns:DeleteTopic',
        'sns:SetTopicAttributes',
        'sns:Subscribe',
        'sns:ListSubscriptionsByTopic',
      ],
      [anyTopic(place)],
      reasons.madeAtRunTime,
    );
    // These know no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_sns.html
    this.admin.grantByPattern(
      ['sns:Unsubscribe', 'sns:GetSubscriptionAttributes', 'sns:SetSubscriptionAttributes'],
      ['*'],
      reasons.noResource,
    );
    this.admin.grantByPattern(
      ['sqs:CreateQueue', 'sqs:DeleteQueue', 'sqs:GetQueueAttributes', 'sqs:SetQueueAttributes'],
      [anyQueue(place, '*')],
      reasons.madeAtRunTime,
    );
    this.admin.grantByPattern(['lambda:ListEventSourceMappings'], ['*'], reasons.noResource);
    this.admin.grantByPattern(
      [
        'lambda:CreateEventSourceMapping',
        'lambda:UpdateEventSourceMapping',
        'lambda:DeleteEventSourceMapping',
      ],
      ['*'],
      reasons.ownMappingsOnly,
      { ArnEquals: { 'lambda:FunctionArn': sendingFunctions(place) } },
    );

    this.keys = new BusFunction(this, 'Keys', {
      name: 'keys',
      prefix: place.prefix,
      description: 'Makes and revokes keys; whoever may invoke it is an admin',
      timeoutSeconds: 10,
      memoryMb: 256,
      environment,
    });
    this.keys.grant(['dynamodb:PutItem', 'dynamodb:DeleteItem'], [tableArn]);
  }
}
