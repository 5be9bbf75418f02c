import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { root } from '../../lib/stand-in/engines/engine.ts';
import type { UsageLine } from '../../lib/stand-in/iam/usage-file.ts';
import { startTestBus } from '../local/test-bus.ts';
import { lambdaFunction, role, writeAssembly } from '../stand-in/stack.ts';
import { coverageOf, type Exception, readUsage, reportOf } from './coverage.ts';

const queue = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const send = { action: 'sqs:SendMessage', resource: queue('orders') };
const receive = { action: 'sqs:ReceiveMessage', resource: queue('busbar-*') };

const granted = (...grants: (typeof send)[]): UsageLine => ({
  kind: 'role',
  role: 'Busbar-SenderRole12345678-X',
  stack: 'Busbar',
  logicalId: 'SenderRole12345678',
  granted: grants,
});
const use = (by: typeof send, action = by.action): UsageLine => ({
  kind: 'use',
  role: 'Busbar-SenderRole12345678-X',
  by,
  action,
  resource: by.resource,
});
const judged = (lines: readonly UsageLine[], exceptions: readonly Exception[] = []) =>
  coverageOf({ lines, stack: 'Busbar', logicalIds: ['SenderRole12345678'], exceptions });

describe('the coverage of IAM grants', () => {
  const reason = 'of no matter here';

  test.each<[string, UsageLine[], Exception[], string[]]>([
    ['is whole when every grant was used', [granted(send), use(send)], [], []],
    [
      'fails for a grant that nothing used, and names it',
      [granted(send, receive), use(send)],
      [],
      ['SenderRole is granted sqs:ReceiveMessage on sqs:busbar-*, which nothing used.'],
    ],
    [
      'takes a listed grant for good',
      [granted(send, receive), use(send)],
      [{ role: 'SenderRole', action: 'sqs:ReceiveMessage', resource: 'sqs:busbar-*', reason }],
      [],
    ],
    [
      'takes one that is listed for every role and resource',
      [granted(send, receive), use(send)],
      [{ role: '*', action: 'sqs:ReceiveMessage', reason }],
      [],
    ],
    [
      'does not take an exception for another resource',
      [granted(send, receive), use(send)],
      [{ role: 'SenderRole', action: 'sqs:ReceiveMessage', resource: 'sqs:orders', reason }],
      [
        'SenderRole is granted sqs:ReceiveMessage on sqs:busbar-*, which nothing used.',
        'The exception SenderRole: sqs:ReceiveMessage on sqs:orders is granted nowhere: take it off the list.',
      ],
    ],
    [
      'fails for an exception that was used after all',
      [granted(send), use(send)],
      [{ role: 'SenderRole', action: 'sqs:SendMessage', reason }],
      ['The exception SenderRole: sqs:SendMessage was used: take it off the list.'],
    ],
    [
      'fails for a role of the template that no bus reported of',
      [{ ...(granted(send) as Extract<UsageLine, { kind: 'role' }>), stack: 'Other' }],
      [],
      ['No bus of this run reported what SenderRole is granted.'],
    ],
    [
      'tells grants apart by their conditions',
      [granted({ ...send, condition: '{"Bool":{}}' } as typeof send), use(send)],
      [],
      ['SenderRole is granted sqs:SendMessage on sqs:orders (if {"Bool":{}}), which nothing used.'],
    ],
  ])('%s', (_name, lines, exceptions, problems) => {
    expect(judged(lines, exceptions).problems).toEqual(problems);
  });

  test('counts what any bus used, whichever wrote first', () => {
    expect(judged([use(receive), granted(send, receive), granted(send), use(send)]).problems).toEqual([]);
  });

  test('reports what was used by a wildcard, and by which action', () => {
    const all = { action: 'sqs:*', resource: queue('orders') };
    const report = reportOf(judged([granted(all, receive), use(all, 'sqs:SendMessage'), use(receive)]));
    expect(report).toContain('  by wildcard  sqs:orders: sqs:SendMessage (sqs:*)');
    expect(report).toContain('  by wildcard  sqs:busbar-*: sqs:ReceiveMessage');
    expect(report).toContain('2 of 2 grants of 1 roles used');
  });
});

test('a grant that is planted in a template and never used fails the run of buses that use the others', async () => {
  const iamUsageDirectory = mkdtempSync(join(tmpdir(), 'busbar-iam-usage-'));
  onTestFinished(() => rmSync(iamUsageDirectory, { recursive: true, force: true }));
  const resources = {
    Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'orders' } },
    SenderRole: role({
      Effect: 'Allow',
      Action: ['sqs:SendMessage', 'sqs:DeleteQueue'],
      Resource: { 'Fn::GetAtt': ['Queue', 'Arn'] },
    }),
    Sender: lambdaFunction('sender', 'SenderRole', { FunctionName: 'sender' }),
  };
  const bundle = `export const create = ({ aws }) => () => aws.requestHandler.handle({
    method: 'POST', path: '/', query: {},
    headers: { 'x-amz-target': 'AmazonSQS.SendMessage', 'content-type': 'application/x-amz-json-1.0',
      authorization: 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/sqs/aws4_request' },
    body: JSON.stringify({ QueueUrl: 'http://127.0.0.1:4566/000000000000/orders', MessageBody: 'hello' }),
  }).then(({ response }) => response.statusCode);`;
  const bus = await startTestBus(writeAssembly(resources, { sender: bundle }), { iamUsageDirectory });
  const judge = () =>
    coverageOf({
      lines: readUsage(iamUsageDirectory),
      stack: 'Test',
      logicalIds: ['SenderRole'],
      exceptions: [],
    });
  const unused = (action: string) => `SenderRole is granted ${action} on sqs:orders, which nothing used.`;
  expect(judge().problems).toEqual([unused('sqs:SendMessage'), unused('sqs:DeleteQueue')]);
  const answer = await bus.aws.call('lambda', 'Invoke', { FunctionName: 'sender' }, root);
  expect(Buffer.from(answer?.Payload as Uint8Array).toString()).toBe('200');
  // Before the bus is closed: one that is killed has told as much.
  expect(judge().problems).toEqual([unused('sqs:DeleteQueue')]);
});
