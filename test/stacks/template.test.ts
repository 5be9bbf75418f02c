import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import declaration from '../../busbar.config.ts';
import { nameOf } from '../../lib/api/call.ts';
import { publishCalls } from '../../lib/api/publish.ts';
import { defineBus } from '../../lib/connectors/declaration.ts';
import { variables as rocketMqVariables } from '../../lib/connectors/rocketmq/config.ts';
import { breakerOpened } from '../../lib/core/breaker/breaker.ts';
import { attemptRetriedLine } from '../../lib/core/deliver/delivery.ts';
import { loopsStopped } from '../../lib/core/event/hops.ts';
import { heldByRule, releaseInTrouble } from '../../lib/core/hold/hold.ts';
import { dedupClaimSeconds } from '../../lib/core/publish/duplicate.ts';
import { deadLettersStored } from '../../lib/core/redrive/dead-letter.ts';
import { eventRefused } from '../../lib/core/refused/refused.ts';
import { isPausedLine } from '../../lib/core/registry/flow.ts';
import { outboxWaits } from '../../lib/core/relay/outbox.ts';
import { backlogsHigh } from '../../lib/core/system-event/backlog.ts';
import { transactionGivenUp } from '../../lib/core/transaction/transaction.ts';
import { variables } from '../../lib/runtime/config.ts';
import { type Json, type JsonObject, resolved, resourcesOf, synthesize } from './synth.ts';

const { app, template } = synthesize(declaration);
const properties = (type: string) => resourcesOf(template, type).map(([, resource]) => resource.Properties);
const functions = properties('AWS::Lambda::Function');
const queues = properties('AWS::SQS::Queue');
const allMappings = properties('AWS::Lambda::EventSourceMapping');
const isOfStream = ({ EventSourceArn = '' }: JsonObject) =>
  String(resolved(template, EventSourceArn)).endsWith('.StreamArn>');
const mappings = allMappings.filter((mapping) => !isOfStream(mapping));
const named = (list: readonly JsonObject[], key: string, name: string): JsonObject => {
  const found = list.find((candidate) => candidate[key] === name);
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return found;
};
const listOf = (value: Json | undefined): readonly Json[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

interface Statement {
  readonly policy: string;
  readonly effect: Json | undefined;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition: Json | undefined;
}

/** Every statement of the policies of roles, attached and inline. */
const grants: readonly Statement[] = [
  ...resourcesOf(template, 'AWS::IAM::Policy').map(
    ([id, { Properties }]) => [id, Properties.PolicyDocument] as const,
  ),
  ...resourcesOf(template, 'AWS::IAM::Role').flatMap(([id, { Properties }]) =>
    listOf(Properties.Policies).map((policy) => [id, (policy as JsonObject).PolicyDocument] as const),
  ),
].flatMap(([policy, document]) =>
  listOf((document as JsonObject).Statement).map((item) => {
    const { Effect, Action, Resource, Condition } = resolved(template, item) as JsonObject;
    return {
      policy,
      effect: Effect,
      actions: listOf(Action).map(String),
      resources: listOf(Resource).map(String),
      condition: Condition,
    };
  }),
);

describe('the table', () => {
  const [[, table] = []] = resourcesOf(template, 'AWS::DynamoDB::Table');

  it('has a stream, expires rows, supports point-in-time recovery and outlives the stack', () => {
    expect(table?.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true },
    });
    expect(table).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });
});

describe('the API', () => {
  const [[, stage] = []] = resourcesOf(template, 'AWS::ApiGatewayV2::Stage');

  it('is throttled as the operator says, by default as an account is', () => {
    expect(stage?.Properties.DefaultRouteSettings).toEqual({
      ThrottlingBurstLimit: { Ref: 'ApiBurst' },
      ThrottlingRateLimit: { Ref: 'ApiRequestsPerSecond' },
    });
    expect(template.Parameters).toMatchObject({
      ApiBurst: { Type: 'Number', Default: 5000 },
      ApiRequestsPerSecond: { Type: 'Number', Default: 10_000 },
    });
  });

  it('logs who called what, and nothing that may hold a key or a token', () => {
    const settings = stage?.Properties.AccessLogSettings;
    const { DestinationArn, Format } = settings as Record<string, unknown>;
    expect(JSON.stringify(DestinationArn)).toContain('AccessLogs');
    expect(Object.values(JSON.parse(String(Format)))).toEqual([
      '$context.requestId',
      '$context.requestTimeEpoch',
      '$context.identity.sourceIp',
      '$context.httpMethod',
      '$context.path',
      '$context.routeKey',
      '$context.status',
      '$context.responseLatency',
      '$context.responseLength',
      '$context.integrationErrorMessage',
    ]);
    const log = named(properties('AWS::Logs::LogGroup'), 'LogGroupName', '/aws/vendedlogs/busbar-api');
    expect(log.RetentionInDays).toBe(30);
  });

  it.each(['Publish', 'Admin'])('reserves concurrency for %s only if the operator says so', (name) => {
    const own = named(properties('AWS::Lambda::Function'), 'FunctionName', `busbar-${name.toLowerCase()}`);
    expect(own.ReservedConcurrentExecutions).toEqual({
      'Fn::If': [`Has${name}Concurrency`, { Ref: `${name}Concurrency` }, { Ref: 'AWS::NoValue' }],
    });
    expect(template.Parameters?.[`${name}Concurrency`]).toMatchObject({ Type: 'Number', Default: 0 });
  });
});

describe('the declaration', () => {
  it('has ten minutes, and CloudFormation does not wait an hour for it', () => {
    const [[, registry] = []] = resourcesOf(template, 'Custom::BusbarDeclaration');
    const declare = named(properties('AWS::Lambda::Function'), 'FunctionName', 'busbar-declare');
    expect(declare.Timeout).toBe(600);
    expect(registry?.Properties.ServiceTimeout).toBe('900');
  });
});

describe('the table of traces', () => {
  const [, [id = '', traces] = []] = resourcesOf(template, 'AWS::DynamoDB::Table');

  it('expires rows and has nothing that costs per row: no stream, no point-in-time recovery', () => {
    expect(traces?.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      SSESpecification: { SSEEnabled: true },
    });
    expect(traces?.Properties).not.toHaveProperty('StreamSpecification');
    expect(traces?.Properties).not.toHaveProperty('PointInTimeRecoverySpecification');
    expect(traces?.DeletionPolicy).toBe('Delete');
  });

  it('is written by the functions that publish or deliver, and read by admin only', () => {
    const granted = resourcesOf(template, 'AWS::IAM::Policy').flatMap(([policy, { Properties }]) =>
      listOf((Properties.PolicyDocument as JsonObject).Statement)
        .map((statement) => statement as JsonObject)
        .filter(({ Resource }) => JSON.stringify(Resource).includes(`"${id}"`))
        .map(({ Action }) => `${/^[A-Z][a-z]+/.exec(policy)?.[0]} ${String(Action)}`),
    );
    expect(granted.sort()).toEqual([
      'Admin dynamodb:Query',
      // A trace is put, and the counts of statistics are added to.
      'Breaker dynamodb:PutItem,dynamodb:UpdateItem',
      'Delivery dynamodb:PutItem,dynamodb:UpdateItem',
      'Publish dynamodb:PutItem,dynamodb:UpdateItem',
      'Relay dynamodb:PutItem,dynamodb:UpdateItem',
      'Rocket dynamodb:PutItem,dynamodb:UpdateItem',
      'Transaction dynamodb:PutItem,dynamodb:UpdateItem',
    ]);
  });

  it('records failures by default', () => {
    expect(template.Parameters.Trace).toMatchObject({
      Default: 'failures',
      AllowedValues: ['none', 'failures', 'all'],
    });
  });
});

describe('endpoints', () => {
  it('are public, on two ports, and need not agree by default', () => {
    const { Endpoints, EndpointPorts, Validate, Origin } = template.Parameters;
    expect(Endpoints).toMatchObject({ Default: 'public', AllowedValues: ['public', 'any'] });
    expect(EndpointPorts).toMatchObject({ Default: '443,8443' });
    expect(template.Parameters.RocketMqEndpoints).toMatchObject({ Default: 'none' });
    expect(Validate).toMatchObject({ Default: 'none', AllowedValues: ['none', 'handshake'] });
    expect(Origin).toMatchObject({ Default: 'busbar.busbar.internal' });
  });

  it.each([
    ['EndpointPorts', ['any', '443', '443,8443,9443'], ['', 'https', '443,', '443 8443']],
    [
      'RocketMqEndpoints',
      ['none', 'mq.example.com:8081', 'mq:1,10.0.0.7:8081,[fd00::1]:8081'],
      ['', 'mq.example.com', 'mq:8081,', 'mq:8081 mq:8082'],
    ],
    ['Origin', ['events.example.com', 'busbar.internal'], ['', 'https://example.com', 'a b', '.example.com']],
  ] as const)('accept valid values of %s only', (parameter, taken, refused) => {
    const pattern = new RegExp(String(template.Parameters[parameter]?.AllowedPattern));
    for (const value of taken) expect(value).toMatch(pattern);
    for (const value of refused) expect(value).not.toMatch(pattern);
  });
});

describe('the outbox', () => {
  it('is a separate table, which only the relay, the sweep and admin may use', () => {
    const outbox = named(properties('AWS::DynamoDB::Table'), 'TableName', 'busbar-outbox');
    expect(outbox).toMatchObject({
      StreamSpecification: { StreamViewType: 'KEYS_ONLY' },
      BillingMode: 'PAY_PER_REQUEST',
    });
    const [id = ''] =
      resourcesOf(template, 'AWS::DynamoDB::Table').find(
        ([, table]) => table.Properties.TableName === 'busbar-outbox',
      ) ?? [];
    const granted = grants
      .filter(({ resources }) => resources.some((resource) => resource.startsWith(`<${id}.`)))
      .map(({ policy, actions }) => `${/^[A-Z][a-z]+/.exec(policy)?.[0]} ${actions.join(' ')}`);
    expect(granted.sort()).toEqual([
      'Admin dynamodb:PutItem',
      'Relay dynamodb:BatchWriteItem dynamodb:Query',
      'Relay dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator',
      'Sweep dynamodb:Scan dynamodb:UpdateItem',
    ]);
  });

  it('is swept every minute', () => {
    const sweeping = named(properties('AWS::Scheduler::Schedule'), 'Name', 'busbar-sweep');
    expect(sweeping).toMatchObject({ GroupName: 'busbar', ScheduleExpression: 'rate(1 minute)' });
  });
});

describe('functions', () => {
  it('may not call themselves, except the one that sets its own next timer', () => {
    const allowed = functions.filter(({ RecursiveLoop }) => RecursiveLoop !== undefined);
    expect(allowed.map(({ FunctionName, RecursiveLoop }) => [FunctionName, RecursiveLoop])).toEqual([
      ['busbar-schedule', 'Allow'],
    ]);
  });

  it('are all of the functions folder and of the kinds', () => {
    expect(functions.map(({ FunctionName }) => FunctionName).sort()).toEqual(
      [
        'admin',
        'check-transaction',
        'console',
        'declare',
        'deliver',
        'deliver-rocketmq',
        'hold',
        'keys',
        'offload',
        'pause',
        'probe',
        'publish',
        'redrive',
        'relay',
        'schedule',
        'sweep',
        'validate',
      ].map((name) => `busbar-${name}`),
    );
  });

  it.each(functions.map((own) => [own.FunctionName, own] as const))(
    '%s runs on arm64 and Node 24 with its own role and log group',
    (name, own) => {
      expect(own).toMatchObject({
        Architectures: ['arm64'],
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        LoggingConfig: { LogFormat: 'JSON' },
      });
      const roles = functions.map(({ Role }) => JSON.stringify(Role));
      expect(roles.filter((role) => role === JSON.stringify(own.Role))).toHaveLength(1);
      const log = named(properties('AWS::Logs::LogGroup'), 'LogGroupName', `/aws/lambda/${name}`);
      expect(log.RetentionInDays).toBe(30);
    },
  );

  it.each(functions.map((own) => [own.FunctionName, own] as const))(
    '%s has the environment that the configuration reads, and nothing else',
    (name, { Environment }) => {
      // The URLs of the bus are told to those that store or call URLs, none of which may be the bus itself.
      const callers = ['admin', 'validate', 'declare', 'deliver', 'probe', 'check-transaction'];
      // What makes spans knows where to send them.
      const tracing = ['publish', 'deliver', 'deliver-rocketmq'].map((each) => `busbar-${each}`);
      const ofSpans: readonly string[] = [variables.otlpEndpoint, variables.otlpHeadersSecret];
      const told = [...Object.values(variables), rocketMqVariables.endpoints].filter(
        (variable) =>
          // The example has no sign-in.
          variable !== variables.signIn &&
          (!ofSpans.includes(variable) || tracing.includes(String(name))) &&
          ((variable !== variables.apiUrl && variable !== variables.publishUrl) ||
            callers.map((each) => `busbar-${each}`).includes(String(name))),
      );
      const names = Object.keys(((Environment ?? {}) as JsonObject).Variables ?? {});
      // It serves files, and knows of nothing else.
      expect(names.sort()).toEqual(name === 'busbar-console' ? [] : told.sort());
    },
  );

  it('that answer the API time out before the API gives up after 30 s', () => {
    for (const name of ['publish', 'admin']) {
      expect(named(functions, 'FunctionName', `busbar-${name}`).Timeout).toBeLessThan(30);
    }
    expect(named(functions, 'FunctionName', 'busbar-publish').Timeout).toBeLessThan(dedupClaimSeconds);
  });
});

describe('the URL of the publish function', () => {
  it('is the only one, and without authentication, because the function checks the keys', () => {
    expect(properties('AWS::Lambda::Url')).toEqual([
      { AuthType: 'NONE', TargetFunctionArn: { 'Fn::GetAtt': [expect.stringMatching(/^Publish/), 'Arn'] } },
    ]);
  });

  it('may be called by anyone, who may not invoke the function in another way', () => {
    const ofAnyone = properties('AWS::Lambda::Permission').filter(({ Principal }) => Principal === '*');
    const FunctionName = { 'Fn::GetAtt': [expect.stringMatching(/^Publish/), 'Arn'] };
    expect(ofAnyone).toEqual([
      { Action: 'lambda:InvokeFunctionUrl', FunctionName, FunctionUrlAuthType: 'NONE', Principal: '*' },
      { Action: 'lambda:InvokeFunction', FunctionName, InvokedViaFunctionUrl: true, Principal: '*' },
    ]);
  });
});

describe('event source mappings', () => {
  it('exist once for each queue of the bus itself, and twice for each declared receiver', () => {
    expect(
      mappings
        .map(({ EventSourceArn = '' }) => String(resolved(template, EventSourceArn)).split(':').at(-1))
        .sort(),
    ).toEqual([
      'busbar-delay',
      'busbar-example-warehouse-offline',
      'busbar-example-warehouse-online',
      'busbar-redrive',
      'busbar-transactions',
    ]);
  });

  it('of streams filter records, and do not stop at a failure', () => {
    const streams = allMappings.filter(isOfStream);
    const patterns = streams.map(({ FilterCriteria }) => (FilterCriteria as JsonObject).Filters);
    expect(patterns).toEqual([
      [
        {
          Pattern: JSON.stringify({
            eventName: ['INSERT', 'MODIFY'],
            dynamodb: { NewImage: { wakes: { S: ['relay'] } } },
          }),
        },
      ],
      [{ Pattern: JSON.stringify({ eventName: ['INSERT', 'MODIFY'] }) }],
    ]);
    for (const mapping of streams) {
      expect(mapping).toMatchObject({
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 3,
        StartingPosition: 'TRIM_HORIZON',
      });
    }
  });

  it.each(
    mappings.map((mapping) => [String(resolved(template, mapping.EventSourceArn ?? '')), mapping] as const),
  )('report failed messages and have a concurrency limit: %s', (arn, mapping) => {
    expect(mapping.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    const { MaximumConcurrency } = mapping.ScalingConfig as { MaximumConcurrency: number };
    expect(MaximumConcurrency).toBeGreaterThanOrEqual(2);
    expect(MaximumConcurrency).toBeLessThanOrEqual(1000);
    // A redrive gets an invocation to itself.
    expect(mapping.BatchSize).toBe(arn.endsWith(':busbar-redrive') ? 1 : 10);

    const queue = named(queues, 'QueueName', arn.split(':').at(-1) ?? '');
    const reader =
      String(resolved(template, mapping.FunctionName ?? ''))
        .split(':')
        .at(-1) ?? '';
    const { Timeout } = named(functions, 'FunctionName', reader) as { Timeout: number };
    expect(queue.VisibilityTimeout).toBeGreaterThanOrEqual(6 * Timeout);
  });

  it('are created after their queue and the role that may read it', () => {
    for (const [, { DependsOn = [], Properties }] of resourcesOf(
      template,
      'AWS::Lambda::EventSourceMapping',
    )) {
      const arn = resolved(template, Properties.EventSourceArn ?? '');
      const source = resourcesOf(template, 'AWS::SQS::Queue').find(
        ([id]) => resolved(template, { 'Fn::GetAtt': [id, 'Arn'] }) === arn,
      );
      const isReferred = JSON.stringify(Properties.EventSourceArn).includes('Fn::GetAtt');
      expect(isReferred || DependsOn.includes(source?.[0] ?? '')).toBe(true);
      expect(DependsOn.some((id) => template.Resources[id]?.Type === 'AWS::IAM::Policy')).toBe(true);
    }
  });
});

describe('queues', () => {
  it('are encrypted and keep messages for as long as SQS allows', () => {
    expect(queues).toHaveLength(7);
    for (const queue of queues) {
      expect(queue).toMatchObject({ MessageRetentionPeriod: 14 * 24 * 3600, SqsManagedSseEnabled: true });
    }
  });

  it.each([
    ['busbar-delay', 'busbar-delay-failed'],
    ['busbar-example-warehouse-online', 'busbar-example-warehouse-dead-letters'],
    ['busbar-example-warehouse-offline', 'busbar-example-warehouse-dead-letters'],
  ])('%s moves messages that keep failing to %s', (name, target) => {
    const redrive = resolved(template, named(queues, 'QueueName', name).RedrivePolicy ?? null);
    expect(redrive).toEqual({
      deadLetterTargetArn: `arn:aws:sqs:us-east-1:000000000000:${target}`,
      maxReceiveCount: 1000,
    });
  });

  it('reject calls that are not encrypted in transit', () => {
    const refused = properties('AWS::SQS::QueuePolicy').flatMap(({ PolicyDocument }) =>
      listOf((PolicyDocument as JsonObject).Statement)
        .map((statement) => resolved(template, statement) as JsonObject)
        .filter(
          ({ Effect, Condition }) =>
            Effect === 'Deny' && JSON.stringify(Condition).includes('aws:SecureTransport'),
        )
        .map(({ Resource }) => String(Resource).split(':').at(-1)),
    );
    expect(refused.sort()).toEqual(queues.map(({ QueueName }) => QueueName).sort());
  });
});

describe('alarms', () => {
  const alarms = properties('AWS::CloudWatch::Alarm');
  const simple = alarms.filter(({ Metrics }) => Metrics === undefined);
  const watched = simple.map(({ MetricName, Dimensions }) => {
    const [dimension] = listOf(resolved(template, Dimensions ?? [])) as JsonObject[];
    const queue = String(dimension?.Value);
    return `${MetricName} ${queue.replace(/^<(.*)\.QueueName>$/, (_, id) => String(template.Resources[id]?.Properties.QueueName))}`;
  });

  it('fire when events wait too long, unless their receiver is paused', () => {
    const [backlog, ...others] = alarms.filter(({ Metrics }) => Metrics !== undefined);
    expect(others).toEqual([]);
    expect(backlog).toMatchObject({
      Threshold: 900,
      TreatMissingData: 'notBreaching',
      // Longer than the pause between probes of an open breaker.
      EvaluationPeriods: 7,
      DatapointsToAlarm: 1,
    });
    expect(backlog?.Metrics).toEqual([
      expect.objectContaining({
        Expression: 'IF(FILL(paused, 0) > 0, 0, MAX([FILL(age, 0), FILL(retrying, 0)]))',
      }),
      expect.objectContaining({
        Id: 'age',
        ReturnData: false,
        MetricStat: expect.objectContaining({
          Metric: expect.objectContaining({
            Namespace: 'AWS/SQS',
            MetricName: 'ApproximateAgeOfOldestMessage',
            Dimensions: [{ Name: 'QueueName', Value: 'busbar-example-warehouse-online' }],
          }),
        }),
      }),
      expect.objectContaining({
        Id: 'retrying',
        ReturnData: false,
        MetricStat: expect.objectContaining({
          Metric: {
            Namespace: 'Busbar/busbar',
            MetricName: 'Retrying',
            Dimensions: [{ Name: 'Receiver', Value: 'example-warehouse' }],
          },
        }),
      }),
      expect.objectContaining({
        Id: 'paused',
        ReturnData: false,
        MetricStat: expect.objectContaining({
          Metric: expect.objectContaining({
            Namespace: 'Busbar/busbar',
            MetricName: 'Paused',
            Dimensions: [{ Name: 'Receiver', Value: 'example-warehouse' }],
          }),
        }),
      }),
    ]);
    expect(properties('AWS::Logs::MetricFilter')).toContainEqual(
      expect.objectContaining({
        FilterPattern: `{ $.message = "${isPausedLine}" }`,
        MetricTransformations: [
          {
            MetricName: 'Paused',
            MetricNamespace: 'Busbar/busbar',
            MetricValue: '1',
            Dimensions: [{ Key: 'Receiver', Value: '$.receiver' }],
          },
        ],
      }),
    );
  });

  it('see what is retried, which SQS leaves out of the age, in lines that are written anyway', () => {
    const retrying = properties('AWS::Logs::MetricFilter').filter(({ MetricTransformations }) =>
      JSON.stringify(MetricTransformations).includes('"Retrying"'),
    );
    expect(retrying).toHaveLength(2);
    for (const filter of retrying) {
      expect(filter).toMatchObject({
        FilterPattern: `{ ($.message = "${attemptRetriedLine}") && ($.declared IS TRUE) }`,
        MetricTransformations: [
          {
            MetricName: 'Retrying',
            MetricNamespace: 'Busbar/busbar',
            MetricValue: '$.waitedSeconds',
            Dimensions: [{ Key: 'Receiver', Value: '$.receiver' }],
          },
        ],
      });
    }
  });

  it('fire on dead letters and log lines', () => {
    expect(watched.sort()).toEqual([
      'ApproximateNumberOfMessagesVisible busbar-delay-failed',
      'ApproximateNumberOfMessagesVisible busbar-example-warehouse-dead-letters',
      'BacklogsHigh undefined',
      'BreakersOpened undefined',
      'DeadLettersStored undefined',
      'EventsRefused undefined',
      'OutboxWaits undefined',
      'ReleasesInTrouble undefined',
      'TopicsHeldByRule undefined',
      'TransactionsGivenUp undefined',
    ]);
  });

  it('count log lines, in one metric for each line', () => {
    const fields: Record<string, string> = { LoopsStopped: '$.count', Retrying: '$.waitedSeconds' };
    const retried = `{ ($.message = "${attemptRetriedLine}") && ($.declared IS TRUE) }`;
    const filters = properties('AWS::Logs::MetricFilter').map(({ FilterPattern, MetricTransformations }) => {
      const [metric] = listOf(MetricTransformations) as JsonObject[];
      expect(metric).toMatchObject({
        MetricNamespace: 'Busbar/busbar',
        MetricValue: fields[String(metric?.MetricName)] ?? '1',
      });
      return [metric?.MetricName, FilterPattern];
    });
    expect(filters.sort()).toEqual([
      ['BacklogsHigh', `{ $.message = "${backlogsHigh}" }`],
      ['BreakersOpened', `{ $.message = "${breakerOpened}" }`],
      ['BreakersOpened', `{ $.message = "${breakerOpened}" }`],
      ['DeadLettersStored', `{ $.message = "${deadLettersStored}" }`],
      ['DeadLettersStored', `{ $.message = "${deadLettersStored}" }`],
      ['EventsRefused', `{ $.message = "${eventRefused}" }`],
      ['EventsRefused', `{ $.message = "${eventRefused}" }`],
      ['EventsRefused', `{ $.message = "${eventRefused}" }`],
      ['EventsRefused', `{ $.message = "${eventRefused}" }`],
      ['EventsRefused', `{ $.message = "${eventRefused}" }`],
      ['EventsRefused', `{ $.message = "${eventRefused}" }`],
      ['EventsRefused', `{ $.message = "${eventRefused}" }`],
      ['LoopsStopped', `{ $.message = "${loopsStopped}" }`],
      ['OutboxWaits', `{ $.message = "${outboxWaits}" }`],
      ['Paused', `{ $.message = "${isPausedLine}" }`],
      ['ReleasesInTrouble', `{ $.message = "${releaseInTrouble}" }`],
      ['Retrying', retried],
      ['Retrying', retried],
      ['TopicsHeldByRule', `{ $.message = "${heldByRule}" }`],
      ['TransactionsGivenUp', `{ $.message = "${transactionGivenUp}" }`],
    ]);
  });

  it('do not fire without data', () => {
    for (const alarm of simple) {
      expect(alarm).toMatchObject({
        ...(alarm.Namespace === 'Busbar/busbar'
          ? { Namespace: 'Busbar/busbar', Statistic: 'Sum' }
          : { Namespace: 'AWS/SQS', Statistic: 'Maximum' }),
        TreatMissingData: 'notBreaching',
      });
    }
  });
});

describe('grants', () => {
  it('contain no wildcard in actions', () => {
    expect(grants.length).toBeGreaterThan(15);
    for (const { effect, actions } of grants) {
      expect(effect).toBe('Allow');
      for (const action of actions) expect(action).toMatch(/^[a-z]+:[A-Za-z]+$/);
    }
  });

  /** The actions for which AWS supports no resource, and whether a condition narrows them. */
  const withoutResource: Readonly<Record<string, 'condition' | 'none'>> = {
    'dynamodb:ListStreams': 'none',
    'lambda:ListEventSourceMappings': 'none',
    'lambda:CreateEventSourceMapping': 'condition',
    'lambda:UpdateEventSourceMapping': 'condition',
    'lambda:DeleteEventSourceMapping': 'condition',
    'sns:Unsubscribe': 'none',
    'sns:GetSubscriptionAttributes': 'none',
    'sns:SetSubscriptionAttributes': 'none',
  };

  it('cover only what the bus owns, by reference or by its prefix', () => {
    const elsewhere = grants.flatMap(({ policy, actions, resources, condition }) =>
      resources
        .filter((resource) => {
          if (resource === '*') {
            return !actions.every((action) => {
              const narrowing = withoutResource[action];
              return narrowing === 'none' || (narrowing === 'condition' && condition !== undefined);
            });
          }
          // The operator names it, and the grant is there only then.
          if (resource.endsWith(':secret:<OtlpHeadersFrom.Ref>-??????')) return false;
          return !/^<\w+\.(Arn|StreamArn|Ref)>$/.test(resource) && !/[:/]busbar[-/][^:]*$/.test(resource);
        })
        .map((resource) => `${policy}: ${actions.join()} on ${resource}`),
    );
    expect(elsewhere).toEqual([]);
  });

  it('do not grow with the declared topics and receivers', () => {
    expect(JSON.stringify(grants)).not.toMatch(/example-(orders|warehouse)/);
  });

  it('allow changing only the mappings of the functions that deliver', () => {
    const changing = grants.filter(({ actions }) =>
      actions.some((action) => /:(Create|Update|Delete)EventSourceMapping$/.test(action)),
    );
    expect(changing).toHaveLength(7);
    for (const { condition } of changing) {
      expect(condition).toEqual({
        ArnEquals: {
          'lambda:FunctionArn': ['deliver', 'deliver-rocketmq'].map(
            (name) => `arn:aws:lambda:us-east-1:000000000000:function:busbar-${name}`,
          ),
        },
      });
    }
  });

  it('allow passing only the role of the scheduler, and only to the scheduler', () => {
    const passing = grants.filter(({ actions }) => actions.includes('iam:PassRole'));
    // publish, relay, check-transaction, admin and schedule set timers of events; deliver, deliver-rocketmq, probe and
    // offload start watching receivers; declare and validate ask endpoints; hold watches topics.
    expect(passing).toHaveLength(12);
    for (const grant of passing) {
      expect(grant).toMatchObject({
        resources: [expect.stringMatching(/^<DelaySchedulerRole\w+\.Arn>$/)],
        condition: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
      });
    }
  });
});

describe('the topic of the alarms', () => {
  it('is notified by every alarm, and no function may publish to it', () => {
    const alarms = properties('AWS::CloudWatch::Alarm');
    expect(alarms.length).toBeGreaterThan(2);
    for (const { AlarmActions, OKActions } of alarms) {
      expect(AlarmActions).toEqual([{ Ref: expect.stringMatching(/^AlarmsTopic/) }]);
      expect(OKActions).toEqual(AlarmActions);
    }
    const publishing = grants.filter(({ actions }) => actions.includes('sns:Publish'));
    expect(publishing.length).toBeGreaterThan(0);
    for (const { resources } of publishing) {
      for (const resource of resources) expect(resource).toMatch(/:busbar-\*$/);
    }
  });
});

describe('names', () => {
  it('start with the prefix', () => {
    const names = [
      ...functions.map(({ FunctionName }) => FunctionName),
      ...queues.map(({ QueueName }) => QueueName),
      ...properties('AWS::SNS::Topic').map(({ TopicName }) => TopicName),
      ...properties('AWS::Scheduler::ScheduleGroup').map(({ Name }) => `${Name}-`),
    ];
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(name).toMatch(/^busbar-|^busbar_alarms$/);
  });
});

describe('the API', () => {
  it('sends two routes to publish, the addresses of the console to it, and everything else to admin', () => {
    const ofConsole = ['GET', 'HEAD'].flatMap((method) => [
      `${method} /console`,
      `${method} /console/{proxy+}`,
    ]);
    const routes = properties('AWS::ApiGatewayV2::Route').map(({ RouteKey, Target }) => {
      const integration = JSON.stringify(Target);
      const id = resourcesOf(template, 'AWS::ApiGatewayV2::Integration').find(([candidate]) =>
        integration.includes(candidate),
      );
      const uri = resolved(template, id?.[1].Properties.IntegrationUri ?? '');
      return [RouteKey, String(uri).split(':').at(-1)];
    });
    expect(Object.fromEntries(routes)).toEqual({
      $default: 'busbar-admin',
      'POST /v1/topics/{topic}/events': 'busbar-publish',
      'POST /v1/receivers/{receiver}/events': 'busbar-publish',
      ...Object.fromEntries(ofConsole.map((route) => [route, 'busbar-console'])),
    });
    // Each of them is a call that is described as one of publish.
    const described = publishCalls.map((call) => [nameOf(call), 'busbar-publish']);
    expect(Object.fromEntries(routes)).toEqual({
      $default: 'busbar-admin',
      ...Object.fromEntries(described),
      ...Object.fromEntries(ofConsole.map((route) => [route, 'busbar-console'])),
    });
  });
});

describe('the declaration', () => {
  const [[, registry] = []] = resourcesOf(template, 'Custom::BusbarDeclaration');

  it('reaches the registry in full, with the endpoint of this stage', () => {
    const text = String(resolved(template, registry?.Properties.Declaration ?? ''));
    const sent = JSON.parse(text.replace('<ExampleWarehouseEndpoint.Ref>', 'https://stage.example.com/'));
    const { bridges: _, ...registered } = declaration;
    expect(sent).toEqual({
      ...registered,
      receivers: { 'example-warehouse': { endpoint: 'https://stage.example.com/' } },
    });
    expect(template.Parameters.ExampleWarehouseEndpoint).toMatchObject({
      Default: 'https://warehouse.example.com/events',
    });
  });

  it('tells the functions whether members make topics', () => {
    const modeOf = (input: Parameters<typeof defineBus>[0]) =>
      new Set(
        resourcesOf(synthesize(defineBus(input)).template, 'AWS::Lambda::Function').flatMap(
          ([, { Properties }]) => {
            const { Variables } = (Properties.Environment ?? {}) as { Variables?: Record<string, string> };
            return Variables?.BUSBAR_MAKE_TOPICS ?? [];
          },
        ),
      );
    expect([...modeOf({})]).toEqual(['freely']);
    expect([...modeOf({ members: { makeTopics: 'request' } })]).toEqual(['request']);
  });

  it('tells those that take requests, and no others, how staff sign in, within the 4 KB of an environment', () => {
    const roles = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [
        `6f9619ff-8b86-d011-b42d-00cf4fc9${1000 + at}`,
        { application: `shop-${at}`, role: 'member' as const },
      ]),
    );
    const oidc = { issuer: 'https://id.example.com', audience: 'busbar', roles };
    const made = synthesize(defineBus({ oidc })).template;
    const told = resourcesOf(made, 'AWS::Lambda::Function').flatMap(([, { Properties }]) => {
      const { Variables } = resolved(made, Properties.Environment ?? {}) as { Variables?: JsonObject };
      return Variables?.BUSBAR_OIDC === undefined ? [] : [[Properties.FunctionName, Variables] as const];
    });
    expect(told.map(([name]) => name).sort()).toEqual(['busbar-admin', 'busbar-console', 'busbar-publish']);
    for (const [, all] of told) {
      // https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
      expect(Buffer.byteLength(Object.entries(all).flat().join(''))).toBeLessThan(4096);
    }
    const [[, registry] = []] = resourcesOf(made, 'Custom::BusbarDeclaration');
    expect(JSON.stringify(registry)).not.toContain('id.example.com');
  });

  it('reaches the registry after the resources it names exist', () => {
    const before = (registry?.DependsOn ?? []).map((id) => template.Resources[id]?.Type);
    for (const type of ['AWS::SNS::Topic', 'AWS::SQS::Queue', 'AWS::IAM::Policy'])
      expect(before).toContain(type);
  });
});

it('outputs what an operator needs next', () => {
  expect(Object.keys(template.Outputs).sort()).toEqual([
    'AlarmTopic',
    'ApiUrl',
    'FirstAdminKey',
    'KeysFunction',
    'PublishUrl',
    'TableName',
  ]);
  expect(resolved(template, template.Outputs.FirstAdminKey?.Value ?? '')).toContain(
    '--function-name busbar-keys ',
  );
  expect(resolved(template, template.Outputs.KeysFunction?.Value ?? '')).toBe('busbar-keys');
});

it('contains no secret', () => {
  expect(JSON.stringify(template)).not.toMatch(/whsec_|bbk_/);
});

describe('the AWS Solutions rules of cdk-nag', () => {
  const acknowledged = app.node.findAll().flatMap((construct) =>
    construct.node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) =>
        Object.entries(data as Record<string, string>).map(([id, reason]) => ({
          path: construct.node.path,
          id: id.replace(/^annotation::/i, ''),
          reason,
        })),
      ),
  );

  it('are followed, with a reason for each exception', () => {
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(violations).toEqual([]);
  });

  it('have no exception without a reason or without a violation', () => {
    const unheeding = new AwsSolutionsChecks(app);
    Object.defineProperty(unheeding, 'isAcknowledged', { value: () => false });
    const broken = unheeding
      .validateScope(app)
      .violations.flatMap(({ ruleName, violatingResources = [] }) =>
        violatingResources.map(({ constructPath = '' }) => ({ id: ruleName, path: constructPath })),
      );
    expect(broken.length).toBeGreaterThan(10);
    for (const { path, id, reason } of acknowledged) {
      expect(reason).toMatch(/^[A-Z].{40,}\.$/);
      expect(broken.some((found) => found.id === id && found.path.startsWith(`${path}/`))).toBe(true);
    }
  });
});

describe('the dashboard', () => {
  const [[, dashboard] = []] = resourcesOf(template, 'AWS::CloudWatch::Dashboard');
  const many = synthesize(
    defineBus({
      receivers: Object.fromEntries(
        Array.from({ length: 30 }, (_, at) => [`r-${at}`, { endpoint: 'https://shop.example.com/events' }]),
      ),
    }),
  ).template;
  const bodyOf = (of: typeof template) => {
    const [[, one] = []] = resourcesOf(of, 'AWS::CloudWatch::Dashboard');
    return JSON.parse(String(resolved(of, one?.Properties.DashboardBody ?? '')));
  };

  it.each([
    ['of the example', template],
    ['of a bus with many receivers', many],
  ])('%s has no more metrics than are free, and none that costs for being shown', (_, of) => {
    const { widgets } = bodyOf(of) as { widgets: { properties: { metrics?: unknown[][] } }[] };
    const metrics = widgets.flatMap(({ properties }) => properties.metrics ?? []);
    expect(metrics.length).toBeGreaterThan(30);
    expect(metrics.length).toBeLessThanOrEqual(50);
    const namespaces = new Set(metrics.map(([namespace]) => namespace).filter((name) => name !== undefined));
    expect([...namespaces].sort()).toEqual([
      'AWS/ApiGateway',
      'AWS/DynamoDB',
      'AWS/Lambda',
      'AWS/SQS',
      'Busbar/busbar',
    ]);
  });

  it('can be left out, and is there otherwise', () => {
    expect(dashboard?.Condition).toBe('HasDashboard');
    expect(template.Parameters).toMatchObject({ Dashboard: { Default: 'on' }, Metrics: { Default: 'off' } });
  });
});

describe('spans', () => {
  it('go nowhere by default, and need no grant but that of a secret that the operator names', () => {
    expect(template.Parameters).toMatchObject({
      OtlpEndpoint: { Default: 'none' },
      OtlpHeadersFrom: { Default: 'none' },
    });
    const policies = resourcesOf(template, 'AWS::IAM::Policy').filter(([, { Properties }]) =>
      JSON.stringify(Properties).includes('secretsmanager:'),
    );
    expect(policies.map(([, { Condition }]) => Condition)).toEqual(['HasOtlpHeadersFrom']);
  });

  it.each(['none', 'https://otel.example.com', 'http://127.0.0.1:4318/otel', 'http://[::1]:4318'])(
    'may go to %s',
    (url) => {
      const { OtlpEndpoint } = template.Parameters as Record<string, { AllowedPattern: string }>;
      expect(url).toMatch(new RegExp(OtlpEndpoint?.AllowedPattern ?? '-'));
    },
  );
});
