import { expect, test } from 'vitest';
import type { ThrottleLimits } from '../../lib/local/throttle.ts';
import { virtualClock } from '../../lib/stand-in/clock.ts';
import { root } from '../../lib/stand-in/engines/engine.ts';
import { lambdaFunction, role, writeAssembly } from '../stand-in/stack.ts';
import { startTestBus } from './test-bus.ts';

/** Limits under which the event loop of this test counts as saturated. */
const limits: ThrottleLimits = { highReady: 1, lowReady: 1, saturatedUtilization: 0, idleUtilization: 0 };

/** A queue read by a function that runs until the clock moves, and an API in front of another function. */
async function startOverloaded() {
  const clock = virtualClock(Date.parse('2026-01-01T00:00:00Z'));
  const arn = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });
  const resources = {
    Queue: { Type: 'AWS::SQS::Queue' },
    Role: role({ Effect: 'Allow', Action: 'sqs:*', Resource: arn('Queue') }),
    Slow: lambdaFunction('slow', 'Role', { ReservedConcurrentExecutions: 1, Timeout: 30 }),
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        FunctionName: { Ref: 'Slow' },
        EventSourceArn: arn('Queue'),
        BatchSize: 1,
        ScalingConfig: { MaximumConcurrency: 2 },
      },
    },
    Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'api', ProtocolType: 'HTTP' } },
    Stage: {
      Type: 'AWS::ApiGatewayV2::Stage',
      Properties: { ApiId: { Ref: 'Api' }, StageName: '$default', AutoDeploy: true },
    },
  };
  const slow = `export const create = ({ clock }) => () => new Promise((resolve) => clock.setTimer(10_000, resolve));`;
  const bus = await startTestBus(writeAssembly(resources, { slow }), {
    clock,
    port: 0,
    throttleLimits: limits,
  });
  const found = await bus.aws.call('sqs', 'GetQueueUrl', { QueueName: bus.resources.Queue }, root);
  return { bus, clock, queueUrl: found?.QueueUrl };
}

test('throttles only publishes while the queues of functions overflow', async () => {
  const { bus, clock, queueUrl } = await startOverloaded();
  const post = (path: string) => fetch(bus.url + path, { method: 'POST', body: '{}' });
  for (let sent = 0; sent < 10; sent++) {
    await bus.aws.call('sqs', 'SendMessage', { QueueUrl: queueUrl, MessageBody: String(sent) }, root);
  }
  expect((await post('/v1/topics/orders/events')).status).toBe(404);
  const billed = bus.meter.counts()['sqs.requests'];
  await clock.advance(250);
  // The guard has counted the queues, which the bus on AWS does not do: the meter must not include it.
  expect(bus.meter.counts()['sqs.requests']).toBe(billed);
  const rejected = await post('/v1/topics/orders/events');
  expect(rejected.status).toBe(429);
  expect(rejected.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(rejected.headers.get('content-type')).toBe('application/problem+json');
  expect(await rejected.json()).toMatchObject({
    status: 429,
    code: 'overloaded',
    title: 'Too Many Requests',
  });
  expect((await post('/v1/receivers/billing/events')).status).toBe(429);
  // No route matches these here; they must only get past the guard.
  expect((await post('/v1/receivers/billing/pause')).status).toBe(404);
  expect((await fetch(`${bus.url}/v1/topics/orders/events`)).status).toBe(404);

  await clock.until(async () => (await post('/v1/topics/orders/events')).status !== 429, 15 * 60_000);
  await clock.advance(60_000);
});
