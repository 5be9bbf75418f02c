import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { defineBus } from '../../lib/connectors/declaration.ts';
import { type JsonObject, resolved, resourcesOf, synthesize } from './synth.ts';

const vpc = { subnetIds: ['subnet-12345678'], securityGroupIds: ['sg-12345678'] };
const rocketmq = { endpoint: 'mq.example.com:8081', topic: 'Orders' };
const declaration = defineBus({
  topics: { orders: {}, ordered: { ordered: true } },
  receivers: { legacy: { rocketmq }, billing: { endpoint: 'https://billing.example.com/events' } },
  subscriptions: { orders: { legacy: {}, billing: {} }, ordered: { legacy: {} } },
  rocketmq: { vpc },
});
const { app, template } = synthesize(declaration);

const functions = resourcesOf(template, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties);
const grants = resourcesOf(template, 'AWS::IAM::Policy').flatMap(([policy, { Properties }]) =>
  ((Properties.PolicyDocument as JsonObject).Statement as readonly JsonObject[]).map((statement) => ({
    policy,
    ...(resolved(template, statement) as { Action: string | string[]; Resource: string | string[] }),
  })),
);

describe('RocketMQ receivers in the template', () => {
  it('have lanes that only the function of their kind consumes', () => {
    const mappings = resourcesOf(template, 'AWS::Lambda::EventSourceMapping')
      .map(([id, { Properties }]) => [
        /Mapping(legacy|billing)(online|offline|ordered)/.exec(id)?.slice(1).join(' '),
        JSON.stringify(resolved(template, Properties.FunctionName ?? null)),
      ])
      .filter(([lane]) => lane !== undefined);
    expect(new Map(mappings as [string, string][])).toEqual(
      new Map([
        ['legacy online', expect.stringMatching(/deliver-?rocketmq/i)],
        ['legacy offline', expect.stringMatching(/deliver-?rocketmq/i)],
        ['legacy ordered', expect.stringMatching(/deliver-?rocketmq/i)],
        ['billing online', expect.not.stringMatching(/rocketmq/i)],
        ['billing offline', expect.not.stringMatching(/rocketmq/i)],
      ]),
    );
  });

  it('are delivered to by the only function in the brokers’ network', () => {
    const inNetwork = functions.filter(({ VpcConfig }) => VpcConfig !== undefined);
    expect(inNetwork).toMatchObject([
      {
        FunctionName: 'busbar-deliver-rocketmq',
        VpcConfig: { SubnetIds: vpc.subnetIds, SecurityGroupIds: vpc.securityGroupIds },
      },
    ]);
    const interfaces = grants.filter(({ Action }) =>
      JSON.stringify(Action).includes('ec2:CreateNetworkInterface'),
    );
    expect(interfaces.map(({ policy }) => policy)).toEqual([expect.stringMatching(/^RocketMqReceiver/)]);
  });

  it('are probed by that function, which the scheduler may call', () => {
    const callable = grants
      .filter(({ Action }) => [Action].flat().includes('lambda:InvokeFunction'))
      .flatMap(({ Resource }) => [Resource].flat());
    expect(callable).toContainEqual(expect.stringMatching(/function:busbar-deliver-rocketmq$/));
  });

  it('follow the AWS Solutions rules, with a reason for each exception', () => {
    expect(new AwsSolutionsChecks(app).validateScope(app).violations).toEqual([]);
  });

  it('cannot be declared with credentials, which would end up in the template', () => {
    expect(() =>
      defineBus({ receivers: { legacy: { rocketmq: { ...rocketmq, credentials: {} } as never } } }),
    ).toThrow('receivers.legacy.rocketmq.credentials: is not a known field');
  });
});
