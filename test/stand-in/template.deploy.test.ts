import { describe, expect, test } from 'vitest';
import { virtualClock } from '../../lib/stand-in/clock.ts';
import { type Input, root, type Service } from '../../lib/stand-in/engines/engine.ts';
import type { StandIn } from '../../lib/stand-in/stand-in.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { lambdaFunction, type Resources, role, startTestStack, writeAssembly } from './stack.ts';

const call = (stack: StandIn, service: Service, action: string, input: Input) =>
  Promise.resolve(stack.aws.call(service, action, input, root));

async function queueAttributes(stack: StandIn, queueName: string | undefined) {
  const found = await call(stack, 'sqs', 'GetQueueUrl', { QueueName: queueName });
  const answer = await call(stack, 'sqs', 'GetQueueAttributes', {
    QueueUrl: found?.QueueUrl,
    AttributeNames: ['All'],
  });
  return answer?.Attributes as Readonly<Record<string, string>>;
}

const queueNames = async (stack: StandIn) =>
  ((await call(stack, 'sqs', 'ListQueues', {}))?.QueueUrls as string[] | undefined)?.map((url) =>
    url.slice(url.lastIndexOf('/') + 1),
  ) ?? [];

describe('a first deploy', () => {
  test('creates resources in the order of their references, and resolves outputs', async () => {
    const stack = await startTestStack(
      writeAssembly(
        {
          Main: {
            Type: 'AWS::SQS::Queue',
            Properties: {
              VisibilityTimeout: '60',
              RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 3 },
            },
          },
          Dead: { Type: 'AWS::SQS::Queue' },
        },
        {},
        { Outputs: { Url: { Value: { Ref: 'Main' } }, Arn: { Value: { 'Fn::GetAtt': ['Dead', 'Arn'] } } } },
      ),
    );
    expect(stack.changes).toEqual(['create Dead', 'create Main']);
    expect(stack.resources.Dead).toMatch(/^Test-Dead-[A-Z0-9]{12}$/);
    expect(stack.outputs).toEqual({
      Url: `http://127.0.0.1:4566/000000000000/${stack.resources.Main}`,
      Arn: `arn:aws:sqs:us-east-1:000000000000:${stack.resources.Dead}`,
    });
    const attributes = await queueAttributes(stack, stack.resources.Main);
    expect(attributes.VisibilityTimeout).toBe('60');
    expect(JSON.parse(attributes.RedrivePolicy ?? '')).toEqual({
      deadLetterTargetArn: stack.outputs.Arn,
      maxReceiveCount: 3,
    });
  });

  test('creates topics, subscriptions and the policies between them', async () => {
    const stack = await startTestStack(
      writeAssembly({
        Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'orders' } },
        Queue: { Type: 'AWS::SQS::Queue' },
        Policy: {
          Type: 'AWS::SQS::QueuePolicy',
          Properties: {
            Queues: [{ Ref: 'Queue' }],
            PolicyDocument: {
              Version: '2012-10-17',
              Statement: [
                {
                  Effect: 'Allow',
                  Action: 'sqs:SendMessage',
                  Principal: { Service: 'sns.amazonaws.com' },
                  Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] },
                  Condition: { ArnEquals: { 'aws:SourceArn': { Ref: 'Topic' } } },
                },
              ],
            },
          },
        },
        Subscription: {
          Type: 'AWS::SNS::Subscription',
          DependsOn: 'Policy',
          Properties: {
            TopicArn: { Ref: 'Topic' },
            Protocol: 'sqs',
            Endpoint: { 'Fn::GetAtt': ['Queue', 'Arn'] },
            RawMessageDelivery: true,
            FilterPolicyScope: 'MessageBody',
            FilterPolicy: { kind: ['paid'] },
          },
        },
      }),
    );
    const TopicArn = stack.resources.Topic;
    for (const kind of ['paid', 'shipped']) {
      await call(stack, 'sns', 'Publish', { TopicArn, Message: JSON.stringify({ kind }) });
    }
    const { QueueUrl } =
      (await call(stack, 'sqs', 'GetQueueUrl', { QueueName: stack.resources.Queue })) ?? {};
    const received = await call(stack, 'sqs', 'ReceiveMessage', {
      QueueUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 5,
    });
    expect(received?.Messages).toMatchObject([{ Body: '{"kind":"paid"}' }]);
  });

  test('creates a table of TableV2 with its stream, index and time to live', async () => {
    const stack = await startTestStack(
      writeAssembly({
        Table: {
          Type: 'AWS::DynamoDB::GlobalTable',
          Properties: {
            AttributeDefinitions: [
              { AttributeName: 'pk', AttributeType: 'S' },
              { AttributeName: 'kind', AttributeType: 'S' },
            ],
            BillingMode: 'PAY_PER_REQUEST',
            KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
            GlobalSecondaryIndexes: [
              {
                IndexName: 'by-kind',
                KeySchema: [{ AttributeName: 'kind', KeyType: 'HASH' }],
                Projection: { ProjectionType: 'ALL' },
              },
            ],
            Replicas: [
              {
                Region: { Ref: 'AWS::Region' },
                GlobalSecondaryIndexes: [{ IndexName: 'by-kind' }],
                PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
              },
            ],
            StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
            TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
          },
        },
      }),
    );
    const TableName = stack.resources.Table;
    const described = (await call(stack, 'dynamodb', 'DescribeTable', { TableName }))?.Table as {
      LatestStreamArn?: string;
      GlobalSecondaryIndexes?: { IndexName: string }[];
    };
    expect(described.LatestStreamArn).toContain(`:table/${TableName}/stream/`);
    expect(described.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName)).toEqual(['by-kind']);
    const ttl = await call(stack, 'dynamodb', 'DescribeTimeToLive', { TableName });
    expect(ttl?.TimeToLiveDescription).toMatchObject({ AttributeName: 'expiresAt' });
  });

  test('leaves out what a condition disables', async () => {
    const stack = await startTestStack(
      writeAssembly(
        {
          Always: { Type: 'AWS::SQS::Queue', DependsOn: 'Sometimes' },
          Sometimes: { Type: 'AWS::SQS::Queue', Condition: 'Wanted' },
        },
        {},
        {
          Parameters: { Extra: { Type: 'String', Default: 'no' } },
          Conditions: { Wanted: { 'Fn::Equals': [{ Ref: 'Extra' }, 'yes'] } },
        },
      ),
    );
    expect(Object.keys(stack.resources)).toEqual(['Always']);
  });
});

describe('a deployment over an existing stack', () => {
  /** Deploys one template after another to the same store, as restarts with a changed app do. */
  async function redeploy(...templates: readonly Resources[]): Promise<StandIn> {
    const store = memoryStore();
    let stack: StandIn | undefined;
    for (const template of templates) {
      await stack?.close();
      stack = await startTestStack(writeAssembly(template), { store });
    }
    if (stack === undefined) throw new Error('No template was given.');
    return stack;
  }
  const queue = (properties: object = {}, more: object = {}) => ({
    Type: 'AWS::SQS::Queue',
    Properties: properties,
    ...more,
  });

  test('changes nothing when the template is the same', async () => {
    const template = { A: queue({ VisibilityTimeout: 60 }), B: role() };
    expect((await redeploy(template, template)).changes).toEqual([]);
  });

  test('updates a property in place, and resets one that left to its default', async () => {
    const stack = await redeploy(
      { A: queue({ VisibilityTimeout: 60, DelaySeconds: 5 }) },
      { A: queue({ VisibilityTimeout: 90 }) },
    );
    expect(stack.changes).toEqual(['update A']);
    const attributes = await queueAttributes(stack, stack.resources.A);
    expect([attributes.VisibilityTimeout, attributes.DelaySeconds]).toEqual(['90', '0']);
  });

  test('deletes what left the template, dependants first', async () => {
    const withPolicy = {
      A: queue(),
      P: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: {
          Queues: [{ Ref: 'A' }],
          PolicyDocument: {
            Statement: {
              Effect: 'Deny',
              Action: 'sqs:*',
              Principal: '*',
              Resource: { 'Fn::GetAtt': ['A', 'Arn'] },
            },
          },
        },
      },
      Kept: queue(),
    };
    const stack = await redeploy(withPolicy, { Kept: queue() });
    expect(stack.changes).toEqual(['delete P', 'delete A']);
    expect(await queueNames(stack)).toEqual([stack.resources.Kept]);
  });

  test('retains what the template says, and later creates a new one beside it', async () => {
    const kept = { A: queue({}, { DeletionPolicy: 'Retain' }) };
    const stack = await redeploy(kept, { B: queue() }, { ...kept, B: queue() });
    expect(stack.changes).toEqual(['create A']);
    expect((await queueNames(stack)).length).toBe(3);
  });

  test('replaces what AWS replaces, creating the new one before deleting the old one', async () => {
    const standard = {
      A: queue(),
      O: role({ Effect: 'Allow', Action: 'sqs:*', Resource: { 'Fn::GetAtt': ['A', 'Arn'] } }),
    };
    const fifo = { ...standard, A: queue({ FifoQueue: true }) };
    const stack = await redeploy(standard, fifo);
    expect(stack.changes).toEqual(['replace A', 'update O']);
    expect(await queueNames(stack)).toEqual([stack.resources.A]);
    expect(stack.resources.A).toMatch(/\.fifo$/);
  });

  test('rejects the replacement of a named resource', async () => {
    const named = (more: object) => ({ A: queue({ QueueName: 'orders', ...more }) });
    await expect(redeploy(named({}), named({ FifoQueue: true }))).rejects.toThrow(
      /A \(AWS::SQS::Queue\) would be replaced because FifoQueue changed, but it has the QueueName orders/,
    );
  });

  test('finishes a failed deployment', async () => {
    const store = memoryStore();
    const broken = { A: queue(), B: queue({ VisibilityTimeout: 999_999 }, { DependsOn: 'A' }) };
    await expect(startTestStack(writeAssembly(broken), { store })).rejects.toThrow(
      /^B \(AWS::SQS::Queue\) could not be created: /,
    );
    const stack = await startTestStack(writeAssembly({ A: queue(), B: queue() }), { store });
    expect(stack.changes).toEqual(['create B']);
  });

  test('moves a table to another index, stream and expiry', async () => {
    const table = (more: object, attributes: readonly string[] = []) => ({
      T: {
        Type: 'AWS::DynamoDB::Table',
        Properties: {
          AttributeDefinitions: ['pk', ...attributes].map((AttributeName) => ({
            AttributeName,
            AttributeType: 'S',
          })),
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
          ...more,
        },
      },
    });
    const index = (name: string) => [
      {
        IndexName: `by-${name}`,
        KeySchema: [{ AttributeName: name, KeyType: 'HASH' }],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ];
    const stack = await redeploy(
      table({ GlobalSecondaryIndexes: index('a'), StreamSpecification: { StreamViewType: 'NEW_IMAGE' } }, [
        'a',
      ]),
      table(
        {
          GlobalSecondaryIndexes: index('b'),
          StreamSpecification: { StreamViewType: 'OLD_IMAGE' },
          TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        },
        ['b'],
      ),
    );
    expect(stack.changes).toEqual(['update T']);
    const described = (await call(stack, 'dynamodb', 'DescribeTable', { TableName: stack.resources.T }))
      ?.Table;
    expect(described).toMatchObject({
      StreamSpecification: { StreamViewType: 'OLD_IMAGE' },
      GlobalSecondaryIndexes: [{ IndexName: 'by-b' }],
    });
  });

  test('creates schedules and applies their changes', async () => {
    const schedule = (expression: string) => ({
      Queue: queue(),
      Role: role(),
      Group: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: { Name: 'ours' } },
      Tick: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: {
          GroupName: { Ref: 'Group' },
          ScheduleExpression: expression,
          FlexibleTimeWindow: { Mode: 'OFF' },
          StartDate: '2030-01-01T00:00:00Z',
          Target: { Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] }, RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] } },
        },
      },
    });
    const stack = await redeploy(schedule('rate(5 minutes)'), schedule('rate(10 minutes)'));
    expect(stack.changes).toEqual(['update Tick']);
    const found = await call(stack, 'scheduler', 'GetSchedule', {
      GroupName: 'ours',
      Name: stack.resources.Tick,
    });
    expect(found).toMatchObject({ ScheduleExpression: 'rate(10 minutes)' });
  });
});

describe('everything that the stand-in does not support is rejected by name at once', () => {
  const errors: readonly [string, Resources, Readonly<Record<string, unknown>>, readonly RegExp[]][] = [
    [
      'a type, and a nested property of another resource',
      {
        Bucket: { Type: 'AWS::S3::Bucket' },
        Queue: {
          Type: 'AWS::SQS::Queue',
          Properties: { RedrivePolicy: { deadLetterTargetArn: 'x', maxReceiveCount: 1, colour: 1 } },
        },
      },
      {},
      [
        /Bucket has the type AWS::S3::Bucket/,
        /Queue \(AWS::SQS::Queue\) has the property RedrivePolicy\.colour/,
      ],
    ],
    [
      'a member of a resource',
      { Q: { Type: 'AWS::SQS::Queue', CreationPolicy: {} } },
      {},
      [/Q \(AWS::SQS::Queue\) has the member CreationPolicy/],
    ],
    [
      'a section',
      { Q: { Type: 'AWS::SQS::Queue' } },
      { Transform: 'AWS::Serverless' },
      [/has the member Transform/],
    ],
    [
      'a deletion policy that requires a snapshot',
      { Q: { Type: 'AWS::SQS::Queue', DeletionPolicy: 'Snapshot' } },
      {},
      [/policy Snapshot/],
    ],
    [
      'a circle',
      {
        A: { Type: 'AWS::SQS::Queue', DependsOn: 'B' },
        B: { Type: 'AWS::SQS::Queue', DependsOn: ['A'] },
      },
      {},
      [/A -> B -> A depend on each other in a circle/],
    ],
    [
      'a dependency on an unknown resource',
      { A: { Type: 'AWS::SQS::Queue', DependsOn: 'B' } },
      {},
      [/A depends on B, which the template does not have/],
    ],
    [
      'a condition operator that the local IAM does not know',
      {
        R: role({
          Effect: 'Allow',
          Action: 'sqs:*',
          Resource: '*',
          Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
        }),
      },
      {},
      [/aws:SourceIp/],
    ],
    [
      'a WebSocket API',
      { A: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'x', ProtocolType: 'WEBSOCKET' } } },
      {},
      [/ProtocolType: The stand-in serves only HTTP APIs/],
    ],
  ];
  test.each(errors)('%s', async (_name, resources, more, messages) => {
    const rejected = await startTestStack(writeAssembly(resources, {}, more)).then(
      () => 'accepted',
      (error: Error) => error.message,
    );
    for (const message of messages) expect(rejected).toMatch(message);
  });

  test('before anything is changed', async () => {
    const store = memoryStore();
    const template = { Queue: { Type: 'AWS::SQS::Queue' }, Bucket: { Type: 'AWS::S3::Bucket' } };
    await expect(startTestStack(writeAssembly(template), { store })).rejects.toThrow(/AWS::S3::Bucket/);
    expect([...store.load('cloudformation.resources')]).toEqual([]);
  });

  test('a role that Lambda may not assume', async () => {
    const { Properties, ...rest } = role();
    const scheduler = JSON.parse(
      JSON.stringify({ ...rest, Properties }).replace('lambda.amazonaws', 'scheduler.amazonaws'),
    );
    const template = { Role: scheduler, F: lambdaFunction('f', 'Role') };
    await expect(
      startTestStack(writeAssembly(template, { f: 'export const create = () => () => 1' })),
    ).rejects.toThrow(
      /F \(AWS::Lambda::Function\) could not be created: The role .* cannot be assumed by lambda\.amazonaws\.com/,
    );
  });
});

describe('a custom resource', () => {
  /** Answers as its properties say, and records every request in the Data of the answer. */
  const source = `
    export const create = (runtime) => async (event) => {
      const { Mode, Id } = event.ResourceProperties;
      if (Mode === 'throw') throw new Error('broken provider');
      if (Mode === 'silent') return;
      const answer = {
        Status: Mode === 'fail' ? 'FAILED' : 'SUCCESS', Reason: 'no luck', PhysicalResourceId: Id ?? 'made',
        Data: { Seen: JSON.stringify([event.RequestType, event.PhysicalResourceId, event.ResourceProperties, event.OldResourceProperties]) },
      };
      await runtime.http.send({ method: 'PUT', url: event.ResponseURL, headers: {}, body: JSON.stringify(answer), timeoutMs: 1000 });
    };`;
  const assembly = (properties: object) =>
    writeAssembly(
      {
        Role: role(),
        F: lambdaFunction('f', 'Role'),
        C: {
          Type: 'Custom::Thing',
          Properties: { ServiceToken: { 'Fn::GetAtt': ['F', 'Arn'] }, ...properties },
        },
      },
      { f: source },
      { Outputs: { Seen: { Value: { 'Fn::GetAtt': ['C', 'Seen'] } }, Ref: { Value: { Ref: 'C' } } } },
    );
  const seen = (stack: StandIn) => JSON.parse(stack.outputs.Seen ?? '') as unknown[];

  test('is created by its function, with every scalar as a string', async () => {
    const stack = await startTestStack(assembly({ Count: 3, Deep: { on: true } }));
    expect(stack.outputs.Ref).toBe('made');
    expect(seen(stack)).toMatchObject(['Create', null, { Count: '3', Deep: { on: 'true' } }, null]);
  });

  test('is updated only when its properties changed', async () => {
    const store = memoryStore();
    await (await startTestStack(assembly({ Count: 1 }), { store })).close();
    const same = await startTestStack(assembly({ Count: 1 }), { store });
    expect(same.changes).toEqual([]);
    expect(seen(same)[0]).toBe('Create');
    await same.close();
    const changed = await startTestStack(assembly({ Count: 2 }), { store });
    expect(seen(changed)).toMatchObject(['Update', 'made', { Count: '2' }, { Count: '1' }]);
  });

  test.each([
    [
      'answers FAILED',
      { Mode: 'fail' },
      /C \(Custom::Thing\) could not be created: Its function answered FAILED: no luck/,
    ],
    ['throws', { Mode: 'throw' }, /Its function failed: .*broken provider/],
  ])('fails the deployment when its function %s', async (_name, properties, message) => {
    await expect(startTestStack(assembly(properties))).rejects.toThrow(message);
  });

  test('fails the deployment when its function does not answer in time', async () => {
    const clock = virtualClock(Date.parse('2030-01-01T00:00:00Z'));
    let rejected: unknown;
    startTestStack(assembly({ Mode: 'silent', ServiceTimeout: 60 }), { clock }).catch((error: unknown) => {
      rejected = error;
    });
    await clock.until(() => rejected !== undefined, 61_000);
    expect(String(rejected)).toMatch(/sent no readable answer .* within 60 s/);
  });

  test('with a new physical id is asked to delete the old one', async () => {
    const store = memoryStore();
    await (await startTestStack(assembly({ Id: 'one' }), { store })).close();
    const stack = await startTestStack(assembly({ Id: 'two' }), { store });
    expect(stack.outputs.Ref).toBe('two');
    expect([...store.load('cloudformation.leftovers')]).toEqual([]);
  });
});
