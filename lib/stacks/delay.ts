import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { guardName, type Place } from '../core/kernel/place.ts';
import type { BusFunction } from './bus-function.ts';
import { reasons } from './nag.ts';
import { busQueue } from './queue.ts';

/** The timeout of the function that consumes the delay queue. */
export const scheduleTimeoutSeconds = 30;

/** Where events wait until they are due: the delay queue, and the schedules of EventBridge Scheduler that write to it. */
export class Delay extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly group: CfnScheduleGroup;
  /** The role of all schedules of the bus. */
  readonly schedulerRole: Role;
  readonly #place: Place;

  constructor(scope: Construct, id: string, place: Place) {
    super(scope, id);
    this.#place = place;
    this.deadLetters = busQueue(this, 'DeadLetters', { name: `${place.prefix}-delay-failed` });
    this.queue = busQueue(this, 'Queue', {
      name: `${place.prefix}-delay`,
      consumerTimeoutSeconds: scheduleTimeoutSeconds,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 1000 },
    });
    this.group = new CfnScheduleGroup(this, 'Group', { name: place.prefix });
    this.schedulerRole = new Role(this, 'SchedulerRole', {
      description:
        'Lets EventBridge Scheduler put due events into the delay queue, and call the probe function',
      // Without the condition, a schedule of another account could borrow the role.
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

  /** The ARN of the schedules with this name, which may be a pattern. */
  scheduleArn(name: string): string {
    const { partition, region, account } = this.#place;
    return `arn:${partition}:scheduler:${region}:${account}:schedule/${this.group.name}/${name}`;
  }

  /** Lets a function set and delete the guards of recurring schedules; passing the role takes `grantPassRole`. */
  grantGuards(grantee: BusFunction): void {
    grantee.grantByPattern(
      ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule'],
      [this.scheduleArn(guardName('*'))],
      reasons.madeAtRunTime,
    );
  }

  /** Lets a function set and delete the timers of events that wait longer than a queue can delay them. */
  grantSchedules(grantee: BusFunction): void {
    grantee.grantByPattern(
      ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule'],
      [this.scheduleArn('delay-*')],
      reasons.schedules,
    );
    this.grantPassRole(grantee);
  }

  /** Lets a function create schedules that run under the scheduler's role. */
  grantPassRole(grantee: BusFunction): void {
    grantee.grant(['iam:PassRole'], [this.schedulerRole.roleArn], {
      StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
    });
  }

  /** Lets schedules call a function. */
  allowCalling(functionArn: string): void {
    this.schedulerRole.addToPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['lambda:InvokeFunction'],
        resources: [functionArn],
      }),
    );
  }

  /** Calls a function every minute. A failed call is not retried: the next minute's call is as good. */
  callEveryMinute(scope: Construct, id: string, name: string, target: BusFunction): void {
    const { functionArn } = target.function;
    this.allowCalling(functionArn);
    const schedule = new CfnSchedule(scope, id, {
      name,
      groupName: this.#place.prefix,
      scheduleExpression: 'rate(1 minute)',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: functionArn,
        roleArn: this.schedulerRole.roleArn,
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      },
    });
    schedule.node.addDependency(this.group, this.schedulerRole);
  }
}
