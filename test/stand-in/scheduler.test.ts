import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  GetScheduleGroupCommand,
  ListScheduleGroupsCommand,
  ListSchedulesCommand,
  type ListSchedulesCommandInput,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import type { Authorize } from '../../lib/stand-in/aws.ts';
import { AwsError, type Permission, root } from '../../lib/stand-in/engines/engine.ts';
import { createScheduler, type SchedulerProblem } from '../../lib/stand-in/engines/scheduler/index.ts';
import { createSqs } from '../../lib/stand-in/engines/sqs/index.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { testAccount } from './account.ts';
import { createFunction, lambdaCode } from './lambda.ts';

const role = 'arn:aws:iam::000000000000:role/scheduler';
const queueArn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

type Extra = Partial<CreateScheduleCommandInput>;
const schedule = (
  Name: string,
  ScheduleExpression: string,
  extra: Extra = {},
): CreateScheduleCommandInput => ({
  Name,
  ScheduleExpression,
  FlexibleTimeWindow: { Mode: 'OFF' },
  Target: { Arn: queueArn('target'), RoleArn: role, Input: Name },
  ...extra,
});

/** An account with queues `target` and `dead`. Schedules fire exactly on time unless the test says otherwise. */
async function setUp(
  options: {
    precisionMs?: number;
    store?: ReturnType<typeof memoryStore>;
    authorize?: Authorize;
    startMs?: number;
  } = {},
) {
  const problems: SchedulerProblem[] = [];
  const code = lambdaCode({});
  const account = testAccount(
    [
      createSqs,
      code.builder,
      createScheduler({
        precisionMs: options.precisionMs ?? 0,
        onProblem: (problem) => problems.push(problem),
      }),
    ],
    options,
  );
  for (const name of ['target', 'dead']) await account.sqs.send(new CreateQueueCommand({ QueueName: name }));
  for (const engine of account.aws.engines.values()) engine.resume?.();

  /** Receives and deletes what is in a queue. */
  async function received(name = 'target'): Promise<Message[]> {
    const all: Message[] = [];
    for (;;) {
      const { Messages = [] } = await account.sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: `http://127.0.0.1:4566/000000000000/${name}`,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: 43_200,
          MessageAttributeNames: ['All'],
        }),
      );
      if (Messages.length === 0) return all;
      all.push(...Messages);
    }
  }
  const bodies = async (name?: string) => (await received(name)).map(({ Body }) => Body);
  const create = (name: string, expression: string, extra?: Extra) =>
    account.scheduler.send(new CreateScheduleCommand(schedule(name, expression, extra)));
  return { ...account, problems, received, bodies, create };
}

describe('firing', () => {
  it('sends the input once at the time of at(), and keeps the schedule', async () => {
    const { clock, create, bodies, scheduler, meter } = await setUp();
    await create('once', 'at(2026-01-01T00:10:00)');
    await clock.advance(599_999);
    expect(await bodies()).toEqual([]);
    await clock.advance(1);
    expect(await bodies()).toEqual(['once']);
    await clock.advance(36_000_000);
    expect(await bodies()).toEqual([]);
    expect((await scheduler.send(new GetScheduleCommand({ Name: 'once' }))).State).toBe('ENABLED');
    expect(meter.counts()['scheduler.invocations']).toBe(1);
  });

  it('fires at a random moment within 60 s after the time', async () => {
    const { clock, create, received } = await setUp({ precisionMs: 60_000 });
    for (let number = 0; number < 50; number++) await create(`s${number}`, 'at(2026-01-01T01:00:00)');
    await clock.advance(3_600_000 - 1);
    expect(await received()).toHaveLength(0);
    const perQuarter: number[] = [];
    for (let quarter = 0; quarter < 4; quarter++) {
      await clock.advance(15_000);
      perQuarter.push((await received()).length);
    }
    expect(perQuarter.reduce((sum, count) => sum + count, 0)).toBe(50);
    expect(Math.min(...perQuarter)).toBeGreaterThan(3);
  });

  it('spreads a flexible schedule over its window', async () => {
    const { clock, create, received } = await setUp();
    const FlexibleTimeWindow = { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 60 } as const;
    for (let number = 0; number < 20; number++) {
      await create(`s${number}`, 'at(2026-01-01T01:00:00)', { FlexibleTimeWindow });
    }
    await clock.advance(3_600_000 + 30 * 60_000);
    const half = (await received()).length;
    await clock.advance(30 * 60_000);
    expect(half).toBeGreaterThan(3);
    expect(half).toBeLessThan(17);
    expect(half + (await received()).length).toBe(20);
  });

  it('starts a rate at once, and repeats it until it is disabled', async () => {
    const { clock, create, bodies, scheduler } = await setUp();
    await create('rate', 'rate(5 minutes)');
    await clock.advance(11 * 60_000);
    expect(await bodies()).toHaveLength(3);
    await scheduler.send(
      new UpdateScheduleCommand(schedule('rate', 'rate(5 minutes)', { State: 'DISABLED' })),
    );
    await clock.advance(3_600_000);
    expect(await bodies()).toEqual([]);
  });

  it('fires a recurring schedule only between its start and its end', async () => {
    const { clock, create, bodies } = await setUp();
    await create('bounded', 'rate(1 hour)', {
      StartDate: new Date('2026-01-01T02:30:00Z'),
      EndDate: new Date('2026-01-01T05:00:00Z'),
    });
    await clock.advance(2.5 * 3_600_000 - 1);
    expect(await bodies()).toEqual([]);
    await clock.advance(24 * 3_600_000);
    expect(await bodies()).toHaveLength(3);
  });

  it('deletes a schedule after its last invocation if configured', async () => {
    const { clock, create, bodies, scheduler } = await setUp();
    const ActionAfterCompletion = 'DELETE' as const;
    await create('once', 'at(2026-01-01T00:10:00)', { ActionAfterCompletion });
    await create('often', 'rate(1 hour)', {
      ActionAfterCompletion,
      EndDate: new Date('2026-01-01T02:00:00Z'),
    });
    await clock.advance(2 * 3_600_000);
    expect(await bodies()).toHaveLength(4);
    expect((await scheduler.send(new ListSchedulesCommand())).Schedules).toEqual([]);
  });

  it('evaluates cron in the time zone of the schedule', async () => {
    const { clock, create, bodies } = await setUp();
    await create('berlin', 'cron(0 9 * * ? *)', { ScheduleExpressionTimezone: 'Europe/Berlin' });
    await clock.advance(8 * 3_600_000 - 1);
    expect(await bodies()).toEqual([]);
    await clock.advance(1);
    expect(await bodies()).toEqual(['berlin']);
  });

  it('fires a one-time schedule of this minute at once, and accepts an older one without ever firing it', async () => {
    const { clock, create, bodies, scheduler } = await setUp();
    await create('late', 'at(2025-12-31T23:59:30)');
    await clock.advance(0);
    expect(await bodies()).toEqual(['late']);
    await create('past', 'at(2025-12-31T23:58:59)', { ActionAfterCompletion: 'DELETE' });
    await clock.advance(24 * 3_600_000);
    expect(await bodies()).toEqual(['late']);
    const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand());
    expect(Schedules.map(({ Name }) => Name)).toContain('past');
  });

  it('is cancelled by deletion and moved by update', async () => {
    const { clock, create, bodies, scheduler } = await setUp();
    await create('cancelled', 'at(2026-01-01T00:10:00)');
    await create('moved', 'at(2026-01-01T00:10:00)');
    await scheduler.send(new DeleteScheduleCommand({ Name: 'cancelled' }));
    await scheduler.send(new UpdateScheduleCommand(schedule('moved', 'at(2026-01-01T00:20:00)')));
    await clock.advance(15 * 60_000);
    expect(await bodies()).toEqual([]);
    await clock.advance(5 * 60_000);
    expect(await bodies()).toEqual(['moved']);
  });

  it('fills in context attributes', async () => {
    const { clock, create, bodies } = await setUp();
    await create('context', 'at(2026-01-01T00:10:00)', {
      Target: {
        Arn: queueArn('target'),
        RoleArn: role,
        Input: '<aws.scheduler.schedule-arn> <aws.scheduler.scheduled-time> <aws.scheduler.attempt-number>',
      },
    });
    await clock.advance(600_000);
    expect(await bodies()).toEqual([
      'arn:aws:scheduler:us-east-1:000000000000:schedule/default/context 2026-01-01T00:10:00Z 1',
    ]);
  });

  it('invokes a function asynchronously', async () => {
    const events: unknown[] = [];
    const code = lambdaCode({ target: async (event) => events.push(event) });
    const account = testAccount([
      createSqs,
      code.builder,
      createScheduler({ precisionMs: 0, onProblem: () => undefined }),
    ]);
    for (const engine of account.aws.engines.values()) engine.resume?.();
    await createFunction(account.lambda, 'target');
    await account.scheduler.send(
      new CreateScheduleCommand(
        schedule('call', 'at(2026-01-01T00:10:00)', {
          Target: {
            Arn: 'arn:aws:lambda:us-east-1:000000000000:function:target',
            RoleArn: role,
            Input: '{"n":1}',
          },
        }),
      ),
    );
    await account.clock.advance(600_000);
    expect(events).toEqual([{ n: 1 }]);
  });

  it('fires thirty thousand schedules of one minute, each once', async () => {
    const { aws, clock, meter, sqs } = await setUp({ precisionMs: 1000 });
    // Without the SDK, which would take longer than the code under test.
    for (let number = 0; number < 30_000; number++) {
      await aws.call(
        'scheduler',
        'CreateSchedule',
        { ...schedule(`s${number}`, 'at(2026-01-01T01:00:00)'), ActionAfterCompletion: 'DELETE' },
        root,
      );
    }
    await clock.advance(3_660_000);
    expect(meter.counts()['scheduler.invocations']).toBe(30_000);
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: 'http://127.0.0.1:4566/000000000000/target',
        AttributeNames: ['ApproximateNumberOfMessages'],
      }),
    );
    expect(Attributes?.ApproximateNumberOfMessages).toBe('30000');
    expect(aws.call('scheduler', 'ListSchedules', {}, root)).toEqual({ Schedules: [] });
  }, 60_000);
});

describe('a target that fails', () => {
  const Target = {
    Arn: queueArn('missing'),
    RoleArn: role,
    Input: 'hello',
    DeadLetterConfig: { Arn: queueArn('dead') },
    RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 3600 },
  };

  it('is retried with backoff', async () => {
    const { clock, create, sqs, bodies, problems } = await setUp();
    await create('retried', 'at(2026-01-01T00:10:00)', { Target });
    await clock.advance(600_000);
    expect(problems.map(({ kind }) => kind)).toEqual(['target-failed']);
    await sqs.send(new CreateQueueCommand({ QueueName: 'missing' }));
    await clock.advance(60_000);
    expect(await bodies('missing')).toEqual(['hello']);
    expect(await bodies('dead')).toEqual([]);
  });

  it('goes to the dead-letter queue after its retries, with the cause', async () => {
    const { clock, create, received, problems } = await setUp();
    await create('dead', 'at(2026-01-01T00:10:00)', { Target });
    await clock.advance(3_600_000);
    const [letter, ...more] = await received('dead');
    expect(more).toEqual([]);
    expect(JSON.parse(letter?.Body ?? '')).toEqual({
      QueueUrl: 'http://127.0.0.1:4566/000000000000/missing',
      MessageBody: 'hello',
    });
    const attributes = Object.fromEntries(
      Object.entries(letter?.MessageAttributes ?? {}).map(([name, { StringValue }]) => [name, StringValue]),
    );
    expect(attributes).toMatchObject({
      ERROR_CODE: 'AWS.SimpleQueueService.NonExistentQueue',
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: '3',
      SCHEDULE_ARN: 'arn:aws:scheduler:us-east-1:000000000000:schedule/default/dead',
      TARGET_ARN: Target.Arn,
    });
    expect(problems.map(({ kind }) => kind)).toEqual([...Array(4).fill('target-failed'), 'dead-lettered']);
  });

  it('gives up when the event is too old', async () => {
    const { clock, create, received } = await setUp();
    await create('old', 'at(2026-01-01T00:10:00)', {
      Target: { ...Target, RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 60 } },
    });
    await clock.advance(600_000 + 61_000);
    const [letter] = await received('dead');
    expect(letter?.MessageAttributes?.EXHAUSTED_RETRY_CONDITION?.StringValue).toBe(
      'MaximumEventAgeInSeconds',
    );
  });

  it('calls the target as the role of the schedule', async () => {
    const rejected: string[] = [];
    const { clock, create, problems } = await setUp({
      authorize: (caller, permissions) => {
        if (caller.kind !== 'role') return;
        rejected.push(`${caller.roleArn} ${permissions.map(({ action }) => action).join()}`);
        throw new AwsError('AccessDenied', 'no', { status: 403 });
      },
    });
    await create('denied', 'at(2026-01-01T00:10:00)');
    await clock.advance(600_000);
    expect(rejected).toEqual([`${role} sqs:SendMessage`]);
    expect(problems[0]?.message).toContain('AccessDenied');
  });
});

describe('a restart', () => {
  it('keeps the schedules, and fires once what was missed', async () => {
    const store = memoryStore();
    const before = await setUp({ store });
    await before.create('missed', 'at(2026-01-01T00:10:00)');
    await before.create('coming', 'at(2026-01-01T03:00:00)');
    await before.create('rate', 'rate(1 minute)', { StartDate: new Date('2026-01-01T00:05:00Z') });
    await before.aws.close();
    const after = await setUp({ store, startMs: Date.parse('2026-01-01T02:00:30Z') });
    await after.clock.advance(0);
    expect((await after.bodies()).sort()).toEqual(['missed', 'rate']);
    await after.clock.advance(3_600_000);
    const later = await after.bodies();
    expect(later.filter((body) => body === 'coming')).toHaveLength(1);
    expect(later.filter((body) => body === 'rate')).toHaveLength(60);
  });

  it('continues to try a target that had not answered', async () => {
    const store = memoryStore();
    const before = await setUp({ store });
    await before.create('pending', 'at(2026-01-01T00:10:00)', {
      Target: { Arn: queueArn('missing'), RoleArn: role, Input: 'hello' },
      ActionAfterCompletion: 'DELETE',
    });
    await before.clock.advance(600_000);
    await before.store.committed();
    await before.aws.close();
    const after = await setUp({ store, startMs: Date.parse('2026-01-01T00:11:00Z') });
    await after.sqs.send(new CreateQueueCommand({ QueueName: 'missing' }));
    await after.clock.advance(600_000);
    expect(await after.bodies('missing')).toEqual(['hello']);
    await expect(after.scheduler.send(new GetScheduleCommand({ Name: 'pending' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('fires nothing before it is resumed', async () => {
    const account = testAccount([createSqs, createScheduler({ precisionMs: 0, onProblem: () => undefined })]);
    await account.scheduler.send(new CreateScheduleCommand(schedule('early', 'at(2026-01-01T00:10:00)')));
    await account.clock.advance(3_600_000);
    expect(account.meter.counts()['scheduler.invocations']).toBeUndefined();
  });
});

describe('the API of schedules', () => {
  it('returns what was created, and replaces it as a whole on update', async () => {
    const { create, scheduler } = await setUp();
    const { ScheduleArn } = await create('full', 'cron(0 9 ? * MON *)', {
      ScheduleExpressionTimezone: 'Europe/Berlin',
      Description: 'Mondays',
      EndDate: new Date('2027-01-01T00:00:00Z'),
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 },
      ActionAfterCompletion: 'DELETE',
    });
    expect(ScheduleArn).toBe('arn:aws:scheduler:us-east-1:000000000000:schedule/default/full');
    expect(await scheduler.send(new GetScheduleCommand({ Name: 'full' }))).toMatchObject({
      Arn: ScheduleArn,
      GroupName: 'default',
      ScheduleExpression: 'cron(0 9 ? * MON *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      Description: 'Mondays',
      EndDate: new Date('2027-01-01T00:00:00Z'),
      State: 'ENABLED',
      CreationDate: new Date('2026-01-01T00:00:00Z'),
      ActionAfterCompletion: 'DELETE',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 },
      Target: { RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 } },
    });
    await scheduler.send(new UpdateScheduleCommand(schedule('full', 'rate(1 day)')));
    const updated = await scheduler.send(new GetScheduleCommand({ Name: 'full' }));
    expect(updated).toMatchObject({ ScheduleExpressionTimezone: 'UTC', ActionAfterCompletion: 'NONE' });
    expect(updated.Description).toBeUndefined();
  });

  it('rejects a second schedule with the same name, but not a repeated request', async () => {
    const { create } = await setUp();
    await create('one', 'rate(1 hour)', { ClientToken: 'token' });
    await create('one', 'rate(1 hour)', { ClientToken: 'token' });
    await expect(create('one', 'rate(2 hours)', { ClientToken: 'token' })).rejects.toMatchObject({
      name: 'ConflictException',
    });
    await expect(create('one', 'rate(1 hour)')).rejects.toMatchObject({
      name: 'ConflictException',
      $metadata: { httpStatusCode: 409 },
    });
  });

  it('answers ResourceNotFoundException for what does not exist', async () => {
    const { create, scheduler } = await setUp();
    const missing = { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } };
    await expect(scheduler.send(new GetScheduleCommand({ Name: 'none' }))).rejects.toMatchObject(missing);
    await expect(scheduler.send(new DeleteScheduleCommand({ Name: 'none' }))).rejects.toMatchObject(missing);
    await expect(
      scheduler.send(new UpdateScheduleCommand(schedule('none', 'rate(1 day)'))),
    ).rejects.toMatchObject(missing);
    await expect(create('some', 'rate(1 day)', { GroupName: 'none' })).rejects.toMatchObject(missing);
  });

  it.each<[string, string, Extra]>([
    ['a name with a space', 'a b', {}],
    ['a name of 65 characters', 'a'.repeat(65), {}],
    ['a bad expression', 'x', { ScheduleExpression: 'rate(1 fortnight)' }],
    ['a start more than five minutes ago', 'x', { StartDate: new Date('2025-12-31T23:54:00Z') }],
    ['an end in the past', 'x', { EndDate: new Date('2025-01-01T00:00:00Z') }],
    ['a window without its length', 'x', { FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }],
    [
      'another kind of target',
      'x',
      { Target: { Arn: 'arn:aws:sns:us-east-1:000000000000:topic', RoleArn: role } },
    ],
    ['a FIFO queue without a group', 'x', { Target: { Arn: queueArn('q.fifo'), RoleArn: role } }],
    [
      '186 retries',
      'x',
      { Target: { Arn: queueArn('q'), RoleArn: role, RetryPolicy: { MaximumRetryAttempts: 186 } } },
    ],
  ])('rejects %s', async (_what, name, extra) => {
    const { create } = await setUp();
    await expect(create(name, 'rate(1 hour)', extra)).rejects.toMatchObject({
      name: 'ValidationException',
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('rejects an unsupported member by name', async () => {
    const { create } = await setUp();
    await expect(
      create('x', 'rate(1 hour)', { KmsKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/k' }),
    ).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('KmsKeyArn'),
    });
  });

  it('lists by group, prefix and state, in pages', async () => {
    const { create, scheduler } = await setUp();
    await scheduler.send(new CreateScheduleGroupCommand({ Name: 'other' }));
    for (let number = 0; number < 5; number++) await create(`a${number}`, 'rate(1 day)');
    await create('b', 'rate(1 day)', { State: 'DISABLED' });
    await create('a', 'rate(1 day)', { GroupName: 'other' });
    const names = async (input: ListSchedulesCommandInput) =>
      (await scheduler.send(new ListSchedulesCommand(input))).Schedules?.map(({ Name }) => Name);
    expect(await names({ GroupName: 'other' })).toEqual(['a']);
    expect(await names({ State: 'DISABLED' })).toEqual(['b']);
    const first = await scheduler.send(new ListSchedulesCommand({ NamePrefix: 'a', MaxResults: 4 }));
    expect(first.Schedules).toHaveLength(4);
    await scheduler.send(new DeleteScheduleCommand({ Name: 'a3' }));
    expect(await names({ NamePrefix: 'a', MaxResults: 4, NextToken: first.NextToken ?? '' })).toEqual([
      'a4',
      'a',
    ]);
  });

  it('needs the permission on the schedule, and to pass the role', async () => {
    const asked: Permission[] = [];
    const { create } = await setUp({ authorize: (_caller, permissions) => asked.push(...permissions) });
    asked.length = 0;
    await create('guarded', 'rate(1 day)');
    expect(asked).toEqual([
      {
        action: 'scheduler:CreateSchedule',
        resource: 'arn:aws:scheduler:us-east-1:000000000000:schedule/default/guarded',
      },
      {
        action: 'iam:PassRole',
        resource: role,
        context: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
      },
    ]);
  });
});

describe('schedule groups', () => {
  it('are created, tagged, listed and deleted with their schedules', async () => {
    const { create, scheduler, clock, bodies } = await setUp();
    const { ScheduleGroupArn: arn = '' } = await scheduler.send(
      new CreateScheduleGroupCommand({ Name: 'team', Tags: [{ Key: 'owner', Value: 'a' }] }),
    );
    expect(arn).toBe('arn:aws:scheduler:us-east-1:000000000000:schedule-group/team');
    await scheduler.send(new TagResourceCommand({ ResourceArn: arn, Tags: [{ Key: 'cost', Value: 'b' }] }));
    await scheduler.send(new UntagResourceCommand({ ResourceArn: arn, TagKeys: ['owner'] }));
    expect((await scheduler.send(new ListTagsForResourceCommand({ ResourceArn: arn }))).Tags).toEqual([
      { Key: 'cost', Value: 'b' },
    ]);
    expect(await scheduler.send(new GetScheduleGroupCommand({ Name: 'team' }))).toMatchObject({
      State: 'ACTIVE',
    });
    const groups = await scheduler.send(new ListScheduleGroupsCommand());
    expect(groups.ScheduleGroups?.map(({ Name }) => Name)).toEqual(['default', 'team']);
    await create('one', 'at(2026-01-01T00:10:00)', { GroupName: 'team' });
    await scheduler.send(new DeleteScheduleGroupCommand({ Name: 'team' }));
    await clock.advance(3_600_000);
    expect(await bodies()).toEqual([]);
  });

  it('always include the default one', async () => {
    const { scheduler } = await setUp();
    await expect(scheduler.send(new DeleteScheduleGroupCommand({ Name: 'default' }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });
});
