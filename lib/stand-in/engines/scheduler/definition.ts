import type { Host, Input } from '../engine.ts';
import { type Members, membersOf } from '../members.ts';
import { invalid } from './errors.ts';
import { parseExpression } from './expression.ts';
import { schedulerLimits } from './limits.ts';
import type { Definition, Schedule, Target } from './model.ts';
import { defaultGroup, scheduleArn } from './names.ts';

export const membersOfScheduler = (input: Input, action: string): Members =>
  membersOf(input, invalid, action);

const definitionMembers = [
  'Name',
  'GroupName',
  'ClientToken',
  'ScheduleExpression',
  'ScheduleExpressionTimezone',
  'Description',
  'StartDate',
  'EndDate',
  'State',
  'FlexibleTimeWindow',
  'ActionAfterCompletion',
  'Target',
] as const;

/** Reads what CreateSchedule and UpdateSchedule set. What is left out gets its default, in an update too. */
export function readDefinition(input: Input, action: string): Definition {
  const members = membersOfScheduler(input, action);
  members.only(...definitionMembers);
  const expression = members.requiredString('ScheduleExpression');
  const timezone = members.string('ScheduleExpressionTimezone') ?? 'UTC';
  parseExpression(expression, timezone);
  const description = members.string('Description');
  if ((description?.length ?? 0) > schedulerLimits.descriptionChars) {
    throw invalid(`Description must have length less than or equal to ${schedulerLimits.descriptionChars}.`);
  }
  const startMs = readDate(input, 'StartDate');
  const endMs = readDate(input, 'EndDate');
  if (startMs !== undefined && endMs !== undefined && startMs >= endMs) {
    throw invalid('The StartDate you specify must be earlier than the EndDate.');
  }
  const window = readWindow(members);
  return {
    expression,
    timezone,
    ...(description === undefined ? {} : { description }),
    ...(startMs === undefined ? {} : { startMs }),
    ...(endMs === undefined ? {} : { endMs }),
    enabled: oneOf(members, 'State', ['ENABLED', 'DISABLED']) === 'ENABLED',
    ...(window === undefined ? {} : { flexibleWindowMinutes: window }),
    deleteAfterCompletion: oneOf(members, 'ActionAfterCompletion', ['NONE', 'DELETE']) === 'DELETE',
    target: readTarget(members.structure('Target')),
  };
}

/** One of the choices; the first is the default. */
function oneOf(members: Members, name: string, choices: readonly [string, ...string[]]): string {
  const value = members.string(name) ?? choices[0];
  if (!choices.includes(value)) throw invalid(`${name} must be one of ${choices.join(', ')}, not ${value}.`);
  return value;
}

/** Timestamps in restJson are seconds since the epoch, with a fraction. */
function readDate(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(`${name} must be a timestamp.`);
  return Math.round(value * 1000);
}

function readWindow(members: Members): number | undefined {
  const window = members.structure('FlexibleTimeWindow');
  if (window === undefined) throw invalid('FlexibleTimeWindow is required.');
  window.only('Mode', 'MaximumWindowInMinutes');
  const mode = oneOf(window, 'Mode', ['OFF', 'FLEXIBLE']);
  const { min, max } = schedulerLimits.flexibleWindowMinutes;
  const minutes = window.integer('MaximumWindowInMinutes', min, max);
  if (mode === 'OFF' && minutes !== undefined) {
    throw invalid('MaximumWindowInMinutes must not be set when the mode is OFF.');
  }
  if (mode === 'FLEXIBLE' && minutes === undefined) {
    throw invalid('MaximumWindowInMinutes must be set when the mode is FLEXIBLE.');
  }
  return minutes;
}

const queueArn = /^arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[\w-]+(\.fifo)?$/;
const functionArn = /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:\$LATEST)?$/;

function readTarget(target: Members | undefined): Target {
  if (target === undefined) throw invalid('Target is required.');
  target.only('Arn', 'RoleArn', 'Input', 'SqsParameters', 'RetryPolicy', 'DeadLetterConfig');
  const arn = target.requiredString('Arn');
  const roleArn = target.requiredString('RoleArn');
  if (!queueArn.test(arn) && !functionArn.test(arn)) {
    throw invalid(`The stand-in supports only SQS queues and Lambda functions as targets, not ${arn}.`);
  }
  if (!/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/.test(roleArn)) {
    throw invalid(`RoleArn is not the ARN of a role: ${roleArn}`);
  }
  const input = target.string('Input');
  if (input !== undefined && Buffer.byteLength(input) > schedulerLimits.inputBytes) {
    throw invalid(`Input must not be larger than ${schedulerLimits.inputBytes} bytes.`);
  }
  if (input !== undefined && functionArn.test(arn)) rejectNonJson(input);
  const sqs = target.structure('SqsParameters');
  sqs?.only('MessageGroupId');
  const messageGroupId = sqs?.string('MessageGroupId');
  if (sqs !== undefined && !queueArn.test(arn)) throw invalid('SqsParameters apply only to SQS targets.');
  if (arn.endsWith('.fifo') && messageGroupId === undefined) {
    throw invalid('MessageGroupId is required in SqsParameters for a FIFO queue.');
  }
  const retry = target.structure('RetryPolicy');
  retry?.only('MaximumRetryAttempts', 'MaximumEventAgeInSeconds');
  const { retryAttempts, eventAgeSeconds } = schedulerLimits;
  const deadLetter = target.structure('DeadLetterConfig');
  deadLetter?.only('Arn');
  const deadLetterArn = deadLetter?.string('Arn');
  if (deadLetterArn !== undefined && (!queueArn.test(deadLetterArn) || deadLetterArn.endsWith('.fifo'))) {
    throw invalid(`DeadLetterConfig must name a standard SQS queue, not ${deadLetterArn}.`);
  }
  return {
    arn,
    roleArn,
    ...(input === undefined ? {} : { input }),
    ...(deadLetterArn === undefined ? {} : { deadLetterArn }),
    maximumRetryAttempts:
      retry?.integer('MaximumRetryAttempts', retryAttempts.min, retryAttempts.max) ?? retryAttempts.default,
    maximumEventAgeSeconds:
      retry?.integer('MaximumEventAgeInSeconds', eventAgeSeconds.min, eventAgeSeconds.max) ??
      eventAgeSeconds.default,
    ...(messageGroupId === undefined ? {} : { messageGroupId }),
  };
}

function rejectNonJson(input: string): void {
  try {
    JSON.parse(input);
  } catch {
    // The caller gets this error in the words of the service.
    throw invalid('Input must be valid JSON for a Lambda target.');
  }
}

export const groupOf = (input: Input, action: string): string =>
  membersOfScheduler(input, action).string('GroupName') ?? defaultGroup;

/** The answer of GetSchedule. */
export function describeSchedule(host: Host, schedule: Schedule): Readonly<Record<string, unknown>> {
  const { target } = schedule;
  return {
    Arn: scheduleArn(host, schedule.group, schedule.name),
    GroupName: schedule.group,
    Name: schedule.name,
    ScheduleExpression: schedule.expression,
    ScheduleExpressionTimezone: schedule.timezone,
    Description: schedule.description,
    StartDate: seconds(schedule.startMs),
    EndDate: seconds(schedule.endMs),
    State: schedule.enabled ? 'ENABLED' : 'DISABLED',
    CreationDate: seconds(schedule.createdMs),
    LastModificationDate: seconds(schedule.modifiedMs),
    ActionAfterCompletion: schedule.deleteAfterCompletion ? 'DELETE' : 'NONE',
    FlexibleTimeWindow:
      schedule.flexibleWindowMinutes === undefined
        ? { Mode: 'OFF' }
        : { Mode: 'FLEXIBLE', MaximumWindowInMinutes: schedule.flexibleWindowMinutes },
    Target: {
      Arn: target.arn,
      RoleArn: target.roleArn,
      Input: target.input,
      DeadLetterConfig: target.deadLetterArn === undefined ? undefined : { Arn: target.deadLetterArn },
      RetryPolicy: {
        MaximumRetryAttempts: target.maximumRetryAttempts,
        MaximumEventAgeInSeconds: target.maximumEventAgeSeconds,
      },
      SqsParameters:
        target.messageGroupId === undefined ? undefined : { MessageGroupId: target.messageGroupId },
    },
  };
}

export const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000);
