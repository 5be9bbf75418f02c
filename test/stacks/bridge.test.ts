import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { defineBus } from '../../lib/connectors/declaration.ts';
import type { Bridge } from '../../lib/connectors/rocketmq/bridge.ts';
import { parseBridge } from '../../lib/connectors/rocketmq/bridge.ts';
import { bridgeFails } from '../../lib/core/bridge/pressure.ts';
import { bus } from '../../lib/core/kernel/limits.ts';
import { eventRefused } from '../../lib/core/refused/refused.ts';
import { type JsonObject, resolved, resourcesOf, synthesize } from './synth.ts';

const declaration = defineBus({
  topics: { shop: {} },
  bridges: {
    legacy: {
      endpoint: 'mq.example.com:8081',
      group: 'busbar',
      topics: { orders: 'shop' },
      secret: 'rocketmq',
      vpc: { subnetIds: ['subnet-12345678'], securityGroupIds: ['sg-12345678'] },
    },
    open: {
      endpoint: 'mq.example.com:8081',
      group: 'other',
      topics: { orders: 'shop' },
      secret: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:mq-AbCdEf',
    },
  },
});
const { app, template } = synthesize(declaration);
const plain = synthesize(defineBus({ topics: { shop: {} } })).template;

const functions = resourcesOf(template, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties);
const named = (name: string) => functions.find(({ FunctionName }) => FunctionName === name) ?? {};
/** The statements of a bridge's role. */
const grantsOf = (name: string) =>
  resourcesOf(template, 'AWS::IAM::Policy')
    .filter(([id]) => id.startsWith(`BridgesBridge${name}`))
    .flatMap(
      ([, { Properties }]) => (Properties.PolicyDocument as JsonObject).Statement as readonly JsonObject[],
    )
    .map((statement) => resolved(template, statement) as JsonObject);

describe('a bus without a bridge', () => {
  it('has no resources for bridges, so it does not pay for them', () => {
    const bridges = Object.keys(plain.Resources).filter((id) => id.startsWith('Bridges'));
    expect(bridges).toEqual([]);
    // What has a condition is there when the operator asks for it: the secret of a collector of spans.
    const always = Object.values(plain.Resources as Record<string, { Condition?: string }>).filter(
      ({ Condition }) => Condition === undefined,
    );
    expect(JSON.stringify(always)).not.toMatch(/busbar-bridge|secretsmanager/);
  });
});

describe('a bridge in the template', () => {
  it('is a function with the declaration in its environment, and times out after a run at the earliest', () => {
    const legacy = named('busbar-bridge-legacy');
    expect(legacy).toMatchObject({
      Timeout: bus.bridgeTimeoutSeconds,
      VpcConfig: { SubnetIds: ['subnet-12345678'], SecurityGroupIds: ['sg-12345678'] },
    });
    const { Variables } = legacy.Environment as { Variables: Record<string, string> };
    expect(parseBridge(Variables.BUSBAR_BRIDGE ?? '')).toEqual({
      name: 'legacy',
      bridge: declaration.bridges.legacy,
    });
    expect(named('busbar-bridge-open')).not.toHaveProperty('VpcConfig');
    // Both share one bundle.
    expect(named('busbar-bridge-open').Code).toEqual(legacy.Code);
  });

  it('contains only the name of its secret', () => {
    expect(JSON.stringify(template)).not.toMatch(/secretKey|resolve:secretsmanager/);
  });

  it('runs every minute and does not retry a failed run', () => {
    const schedules = resourcesOf(template, 'AWS::Scheduler::Schedule').map(
      ([, { Properties }]) => Properties,
    );
    expect(schedules.filter(({ Name }) => String(Name).startsWith('busbar-bridge-'))).toEqual(
      ['busbar-bridge-legacy', 'busbar-bridge-open'].map((Name) =>
        expect.objectContaining({
          Name,
          ScheduleExpression: 'rate(1 minute)',
          Target: expect.objectContaining({
            RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
          }),
        }),
      ),
    );
    const invokes = resourcesOf(template, 'AWS::Lambda::EventInvokeConfig').map(
      ([, { Properties }]) => Properties,
    );
    expect(invokes.filter(({ MaximumRetryAttempts }) => MaximumRetryAttempts === 0)).toHaveLength(2);
  });

  it('ends a run before the messages it received become visible again', () => {
    for (const { invisibleSeconds } of Object.values(declaration.bridges) as Bridge[]) {
      expect(invisibleSeconds).toBeGreaterThanOrEqual(bus.bridgeTimeoutSeconds);
    }
    expect(bus.bridgeRunSeconds).toBeLessThan(60);
  });

  it('may read its own secret and no other', () => {
    const secrets = (name: string) =>
      grantsOf(name)
        .filter(({ Action }) => String(Action).startsWith('secretsmanager:'))
        .map(({ Action, Resource }) => [Action, Resource]);
    expect(secrets('legacy')).toEqual([
      [
        'secretsmanager:GetSecretValue',
        'arn:aws:secretsmanager:us-east-1:000000000000:secret:rocketmq-??????',
      ],
    ]);
    expect(secrets('open')).toEqual([
      ['secretsmanager:GetSecretValue', 'arn:aws:secretsmanager:us-east-1:000000000000:secret:mq-AbCdEf'],
    ]);
  });

  it('may create network interfaces only if it is in a VPC', () => {
    const ec2 = (name: string) => JSON.stringify(grantsOf(name)).includes('ec2:CreateNetworkInterface');
    expect([ec2('legacy'), ec2('open')]).toEqual([true, false]);
  });

  it('has an alarm on each of its two log lines, with one metric for all bridges', () => {
    const filters = resourcesOf(template, 'AWS::Logs::MetricFilter')
      .filter(([id]) => id.startsWith('Bridges'))
      .map(([, { Properties }]) => String(Properties.FilterPattern));
    expect(filters.filter((pattern) => pattern.includes(bridgeFails))).toHaveLength(2);
    expect(filters.filter((pattern) => pattern.includes(eventRefused))).toHaveLength(2);
    const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm').filter(([id]) => id.startsWith('Bridges'));
    expect(alarms).toHaveLength(2);
  });

  it('follows the AWS Solutions rules, with a reason for each exception', () => {
    expect(new AwsSolutionsChecks(app).validateScope(app).violations).toEqual([]);
  });

  it('is rejected when its declaration exceeds the environment of its function', () => {
    const topics = Object.fromEntries(
      Array.from({ length: 20 }, (_, n) => [
        `${'t'.repeat(100)}${n}`,
        { topic: 'shop', tags: 'x'.repeat(100) },
      ]),
    );
    const large = defineBus({
      topics: { shop: {} },
      bridges: { large: { ...declaration.bridges.open, topics } as never },
    });
    expect(() => synthesize(large)).toThrow(/The bridge large is declared in \d+ characters/);
  });
});
