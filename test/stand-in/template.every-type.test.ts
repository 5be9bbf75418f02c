import { expect, test } from 'vitest';
import { root } from '../../lib/stand-in/engines/engine.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { supportedTypes } from '../../lib/stand-in/template/registry.ts';
import { waivers } from '../../lib/stand-in/template/waivers.ts';
import { lambdaFunction, type Resources, role, startTestStack, writeAssembly } from './stack.ts';

/** One resource of every supported type, in a first and in a changed form. */
function everyType(changed: boolean): Resources {
  const arn = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });
  const sendTo = (sid: string) => ({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: sid,
        Effect: 'Allow',
        Action: ['sqs:SendMessage', 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
        Resource: '*',
      },
    ],
  });
  return {
    Dead: { Type: 'AWS::SQS::Queue', Properties: { MessageRetentionPeriod: 1209600 } },
    Queue: {
      Type: 'AWS::SQS::Queue',
      Properties: {
        VisibilityTimeout: changed ? 40 : 30,
        ...(changed ? {} : { RedrivePolicy: { deadLetterTargetArn: arn('Dead'), maxReceiveCount: 5 } }),
        Tags: [{ Key: changed ? 'b' : 'a', Value: '1' }],
      },
    },
    QueuePolicy: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: {
        Queues: changed ? [{ Ref: 'Dead' }] : [{ Ref: 'Queue' }],
        PolicyDocument: {
          Statement: [
            {
              Effect: 'Allow',
              Action: 'sqs:SendMessage',
              Principal: { Service: 'sns.amazonaws.com' },
              Resource: arn('Queue'),
            },
          ],
        },
      },
    },
    Topic: {
      Type: 'AWS::SNS::Topic',
      Properties: {
        ...(changed ? {} : { DisplayName: 'one' }),
        Tags: [{ Key: changed ? 'b' : 'a', Value: '1' }],
      },
    },
    TopicPolicy: {
      Type: 'AWS::SNS::TopicPolicy',
      Properties: {
        Topics: [{ Ref: 'Topic' }],
        PolicyDocument: {
          Statement: [
            {
              Effect: changed ? 'Deny' : 'Allow',
              Action: 'sns:Publish',
              Principal: { AWS: '*' },
              Resource: { Ref: 'Topic' },
            },
          ],
        },
      },
    },
    Subscription: {
      Type: 'AWS::SNS::Subscription',
      Properties: {
        TopicArn: { Ref: 'Topic' },
        Protocol: 'sqs',
        Endpoint: arn('Queue'),
        RawMessageDelivery: !changed,
        ...(changed
          ? {}
          : { FilterPolicy: { a: ['b'] }, RedrivePolicy: { deadLetterTargetArn: arn('Dead') } }),
      },
    },
    Table: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        ...(changed
          ? { BillingMode: 'PAY_PER_REQUEST' }
          : { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } }),
        StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
      },
    },
    GlobalTable: {
      Type: 'AWS::DynamoDB::GlobalTable',
      Properties: {
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
        Replicas: [{ Region: 'us-east-1', DeletionProtectionEnabled: false }],
        ...(changed ? {} : { TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true } }),
      },
    },
    Role: role(
      { Effect: 'Allow', Action: 'sqs:*', Resource: '*' },
      {
        Effect: 'Allow',
        Action: [
          'dynamodb:GetRecords',
          'dynamodb:GetShardIterator',
          'dynamodb:DescribeStream',
          'dynamodb:ListStreams',
        ],
        Resource: '*',
      },
    ),
    Policy: {
      Type: 'AWS::IAM::Policy',
      Properties: {
        PolicyName: changed ? 'second' : 'first',
        PolicyDocument: sendTo('A'),
        Roles: [{ Ref: 'Role' }],
      },
    },
    ManagedPolicy: {
      Type: 'AWS::IAM::ManagedPolicy',
      Properties: { PolicyDocument: sendTo('B'), ...(changed ? {} : { Roles: [{ Ref: 'Role' }] }) },
    },
    Function: lambdaFunction('f', 'Role', {
      Description: changed ? 'second' : 'first',
      ...(changed ? {} : { ReservedConcurrentExecutions: 5 }),
    }),
    InvokeConfig: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: { Ref: 'Function' },
        Qualifier: '$LATEST',
        ...(changed
          ? { MaximumRetryAttempts: 1 }
          : { DestinationConfig: { OnFailure: { Destination: arn('Dead') } } }),
      },
    },
    QueueMapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      DependsOn: ['Policy'],
      Properties: {
        FunctionName: { Ref: 'Function' },
        EventSourceArn: arn('Queue'),
        ...(changed ? { Enabled: false } : { BatchSize: 5, ScalingConfig: { MaximumConcurrency: 2 } }),
      },
    },
    StreamMapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      DependsOn: ['Policy'],
      Properties: {
        FunctionName: { Ref: 'Function' },
        EventSourceArn: { 'Fn::GetAtt': ['Table', 'StreamArn'] },
        StartingPosition: 'TRIM_HORIZON',
        ...(changed ? {} : { MaximumRetryAttempts: 2 }),
      },
    },
    Group: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: {} },
    Schedule: {
      Type: 'AWS::Scheduler::Schedule',
      Properties: {
        GroupName: { Ref: 'Group' },
        ScheduleExpression: 'rate(1 hour)',
        State: changed ? 'DISABLED' : 'ENABLED',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: arn('Queue'),
          RoleArn: arn('Role'),
          Input: '{}',
          RetryPolicy: { MaximumRetryAttempts: 1 },
        },
      },
    },
    Api: {
      Type: 'AWS::ApiGatewayV2::Api',
      Properties: { Name: changed ? 'second' : 'first', ProtocolType: 'HTTP' },
    },
    Integration: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: { Ref: 'Api' },
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: arn('Function'),
        PayloadFormatVersion: '2.0',
        ...(changed ? { TimeoutInMillis: 1000 } : {}),
      },
    },
    Route: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: { Ref: 'Api' },
        RouteKey: changed ? 'GET /b' : 'GET /a',
        Target: { 'Fn::Sub': 'integrations/$' + '{Integration}' },
      },
    },
    Stage: {
      Type: 'AWS::ApiGatewayV2::Stage',
      Properties: {
        ApiId: { Ref: 'Api' },
        StageName: '$default',
        AutoDeploy: true,
        ...(changed ? {} : { DefaultRouteSettings: { ThrottlingBurstLimit: 5, ThrottlingRateLimit: 5 } }),
      },
    },
    Permission: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        Action: 'lambda:InvokeFunction',
        FunctionName: arn('Function'),
        Principal: 'apigateway.amazonaws.com',
        ...(changed ? { SourceAccount: { Ref: 'AWS::AccountId' } } : {}),
      },
    },
    Url: {
      Type: 'AWS::Lambda::Url',
      Properties: {
        TargetFunctionArn: arn('Function'),
        AuthType: 'NONE',
        ...(changed ? { InvokeMode: 'BUFFERED' } : {}),
      },
    },
    Custom: {
      Type: 'AWS::CloudFormation::CustomResource',
      Properties: { ServiceToken: arn('Function'), Value: changed ? 2 : 1 },
    },
    Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties: { AlarmName: 'waived' } },
  };
}

const source = `
  export const create = (runtime) => async (event) => {
    if (event.ResponseURL === undefined) return { statusCode: 200, body: 'ok' };
    const body = JSON.stringify({ Status: 'SUCCESS', PhysicalResourceId: 'thing' });
    await runtime.http.send({ method: 'PUT', url: event.ResponseURL, headers: {}, body, timeoutMs: 1000 });
  };`;

test('creates, changes and deletes every supported type, and leaves nothing behind', async () => {
  const store = memoryStore();
  const first = everyType(false);
  const types = new Set(Object.values(first).map(({ Type }) => Type));
  expect([...supportedTypes].filter((type) => !types.has(type))).toEqual(['Custom::*']);

  const deploy = async (resources: Resources) => {
    const stack = await startTestStack(writeAssembly(resources, { f: source }), { store });
    return { stack, changes: [...stack.changes].sort() };
  };
  const made = Object.keys(first).filter((name) => !waivers.has(String(first[name]?.Type)));

  const one = await deploy(first);
  expect(one.changes).toEqual(made.map((name) => `create ${name}`).sort());
  await one.stack.close();

  const two = await deploy(everyType(true));
  // These have no property that the changed form changes.
  const same = ['Dead', 'Group', 'Role'];
  expect(two.changes).toEqual(
    made
      .filter((name) => !same.includes(name))
      .map((name) => `${name === 'Permission' ? 'replace' : 'update'} ${name}`)
      .sort(),
  );
  const answer = await two.stack.handleHttp({
    method: 'GET',
    path: '/b',
    query: '',
    headers: {},
    body: new Uint8Array(),
    sourceIp: '127.0.0.1',
  });
  expect([answer.status, answer.body]).toEqual([200, 'ok']);
  await two.stack.close();

  const three = await deploy({ Alarm: { Type: 'AWS::CloudWatch::Alarm' } });
  expect(three.changes).toEqual(made.map((name) => `delete ${name}`).sort());
  const listed = async (
    service: 'sqs' | 'sns' | 'dynamodb' | 'lambda' | 'scheduler',
    action: string,
    member: string,
  ) => (await three.stack.aws.call(service, action, {}, root))?.[member] ?? [];
  expect(await listed('sqs', 'ListQueues', 'QueueUrls')).toEqual([]);
  expect(await listed('sns', 'ListTopics', 'Topics')).toEqual([]);
  expect(await listed('sns', 'ListSubscriptions', 'Subscriptions')).toEqual([]);
  expect(await listed('dynamodb', 'ListTables', 'TableNames')).toEqual([]);
  expect(await listed('lambda', 'ListFunctions', 'Functions')).toEqual([]);
  expect(await listed('lambda', 'ListEventSourceMappings', 'EventSourceMappings')).toEqual([]);
  expect(await listed('scheduler', 'ListSchedules', 'Schedules')).toEqual([]);
  expect(three.stack.iamUsage()).toEqual([]);
  expect([...store.load('apigateway.routes')]).toEqual([]);
});
