import { Duration } from 'aws-cdk-lib';
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { aws } from '../core/kernel/limits.ts';
import { guardName, type Place } from '../core/kernel/place.ts';
import { BusFunction } from './bus-function.ts';
import { anyQueue, anyTopic, type BusPartProps } from './bus-part.ts';
import { grantHolding } from './holding.ts';
import { reasons } from './nag.ts';

const timeoutSeconds = 30;

/** Where events wait until they are due: the delay queue, and the schedules that write to it. */
export class Delay extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly group: CfnScheduleGroup;
  readonly schedulerRole: Role;

  constructor(scope: Construct, id: string, place: Place) {
    super(scope, id);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      queueName: `${place.prefix}-delay-failed`,
      retentionPeriod: Duration.seconds(aws.sqs.retentionSecondsMax),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
    });
    this.queue = new Queue(this, 'Queue', {
      queueName: `${place.prefix}-delay`,
      visibilityTimeout: Duration.seconds(timeoutSeconds * aws.lambda.visibilityToTimeoutRatio),
      retentionPeriod: Duration.seconds(aws.sqs.retentionSecondsMax),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 1000 },
    });
    this.group = new CfnScheduleGroup(this, 'Group', { name: place.prefix });
    this.schedulerRole = new Role(this, 'SchedulerRole', {
      description:
        'Lets EventBridge Scheduler put due events into the delay queue, and call the probe function',
      // Only for schedules of this account, so that nobody else's can borrow the role.
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': place.account } },
      }),
      inlinePolicies: {
        Send: new PolicyDocument({
          statements: [
            new PolicyStatement({
              effect: Effect.ALLOW,
              actions: ['sqs:SendMessage'],
              resources: [this.queue.queueArn],
            }),
          ],
        }),
      },
    });
  }

  /** Lets a function guard recurring schedules; it passes the role as it does for timers. */
  grantGuards(to: BusFunction, place: Place): void {
    to.grantByPattern(
      ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule'],
      [schedulesNamed(place, this.group, guardName('*'))],
      reasons.madeAtRunTime,
    );
  }

  /** Lets a function set and drop the timers of events that wait longer than a queue delays. */
  grantSchedules(to: BusFunction, place: Place): void {
    to.grantByPattern(
      ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule'],
      [schedulesNamed(place, this.group, 'delay-*')],
      reasons.schedules,
    );
    to.grant(['iam:PassRole'], [this.schedulerRole.roleArn], {
      StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
    });
  }
}

/** The schedules of delayed events; probes have others. */
const schedulesNamed = (place: Place, group: CfnScheduleGroup, name: string) =>
  `arn:${place.partition}:scheduler:${place.region}:${place.account}:schedule/${group.name}/${name}`;

/** Consumes the delay queue. */
export class Schedule extends Construct {
  constructor(
    scope: Construct,
    id: string,
    props: BusPartProps & { readonly tableArn: string; readonly delay: Delay },
  ) {
    super(scope, id);
    const { place, environment, tableArn, delay } = props;
    const schedule = new BusFunction(this, 'Schedule', {
      name: 'schedule',
      prefix: place.prefix,
      description: 'Routes delayed events when they are due, and fires recurring schedules',
      timeoutSeconds,
      memoryMb: 256,
      environment,
      // A look at a recurring schedule sets the timer of the next one.
      mayCallItself: true,
    });
    schedule.grant(
      [
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:ChangeMessageVisibility',
        'sqs:SendMessage',
      ],
      [delay.queue.queueArn],
    );
    schedule.grant(['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], [tableArn]);
    grantHolding(schedule, tableArn);
    delay.grantSchedules(schedule, place);
    schedule.grantByPattern(['sns:Publish'], [anyTopic(place)], reasons.madeAtRunTime);
    schedule.grantByPattern(['sqs:SendMessage'], [anyQueue(place, 'online')], reasons.madeAtRunTime);
    const mapping = new EventSourceMapping(this, 'Mapping', {
      target: schedule.function,
      eventSourceArn: delay.queue.queueArn,
      batchSize: aws.sqs.batchEntriesMax,
      reportBatchItemFailures: true,
      // A batch may wait for most of a second until its events are due.
      maxConcurrency: 50,
    });
    mapping.node.addDependency(schedule.role);
  }
}
