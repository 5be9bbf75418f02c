import { Construct } from 'constructs';
import { BusFunction } from './bus-function.ts';
import { anyQueue, anyTopic, type BusPartProps } from './bus-part.ts';
import { sendingFunctions } from './mappings.ts';
import { reasons } from './nag.ts';

/** The registry: the API manages topics, receivers and subscriptions; keys are managed by invocation only. */
export class Admin extends Construct {
  readonly admin: BusFunction;
  readonly keys: BusFunction;

  constructor(scope: Construct, id: string, props: BusPartProps & { readonly redriveQueueArn: string }) {
    super(scope, id);
    const { place, environment, tableArn, redriveQueueArn, delay } = props;
    this.admin = new BusFunction(this, 'Admin', {
      name: 'admin',
      prefix: place.prefix,
      description: 'Manages topics, receivers and subscriptions',
      timeoutSeconds: 29,
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
    // Reading dead letters moves them into the table.
    this.admin.grantByPattern(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
      [anyQueue(place, 'dead-letters'), anyQueue(place, 'ordered-dead-letters')],
      reasons.madeAtRunTime,
    );
    // Rescheduling a delayed event replaces its timer, cancelling it deletes the timer.
    this.admin.grant(['dynamodb:UpdateItem'], [tableArn]);
    this.admin.grant(['sqs:SendMessage'], [redriveQueueArn, delay.queue.queueArn]);
    delay.grantSchedules(this.admin);
    delay.grantGuards(this.admin);
    this.admin.grantByPattern(
      [
        'sns:CreateTopic',
        'sns:DeleteTopic',
        'sns:SetTopicAttributes',
        'sns:TagResource',
        'sns:Subscribe',
        'sns:ListSubscriptionsByTopic',
      ],
      [anyTopic(place)],
      reasons.madeAtRunTime,
    );
    // These actions support no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_sns.html
    this.admin.grantByPattern(
      ['sns:Unsubscribe', 'sns:GetSubscriptionAttributes', 'sns:SetSubscriptionAttributes'],
      ['*'],
      reasons.noResource,
    );
    this.admin.grantByPattern(
      [
        'sqs:CreateQueue',
        'sqs:DeleteQueue',
        'sqs:GetQueueAttributes',
        'sqs:SetQueueAttributes',
        'sqs:TagQueue',
      ],
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
      timeoutSeconds: 15,
      environment,
    });
    this.keys.grant(
      ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:BatchWriteItem'],
      [tableArn],
    );
  }
}
