import { createServer, type Server, type Socket } from 'node:net';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { ListTopicsCommand } from '@aws-sdk/client-sns';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as clients from '../../../lib/runtime/aws/clients.ts';
import { refusalOfAws } from '../../../lib/runtime/aws/refusal.ts';
import type { AwsClientConfig } from '../../../lib/runtime/runtime.ts';
import { systemRuntime } from '../../../lib/runtime/system.ts';

/** It accepts connections, and never answers. */
let dead: Server;
let connections = 0;
const sockets = new Set<Socket>();
let aws: AwsClientConfig;

beforeAll(async () => {
  dead = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve));
  const address = dead.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  aws = {
    ...systemRuntime().aws,
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${address.port}`,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  };
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  return new Promise<void>((resolve) => dead.close(() => resolve()));
});

/** What every client of the SDK has. */
interface Sending {
  send(command: object, options: { abortSignal: AbortSignal }): Promise<unknown>;
  readonly config: {
    maxAttempts(): Promise<number>;
    readonly requestHandler: { httpHandlerConfigs(): Record<string, unknown> };
  };
}

const worstMs = ({ connectMs, answerMs, attempts }: clients.Patience) => (connectMs + answerMs) * attempts;

describe('an AWS client whose socket is dead', () => {
  it('gives up an attempt in time, tries again by another socket, and fails with a cause', async () => {
    const hasty = { connectMs: 50, answerMs: 50, attempts: 2 };
    const client = new DynamoDBClient(clients.patient(aws, hasty));
    connections = 0;
    const failure = await client.send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'x' } } })).then(
      () => expect.fail('It was answered.'),
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ name: 'TimeoutError' });
    expect(connections).toBe(2);
    expect(refusalOfAws(failure)).toMatchObject({ code: 'unavailable', status: 503, retryAfterSeconds: 1 });
  });

  const { dataPatience, controlPatience } = clients;
  it.each([
    [
      'dynamodb',
      dataPatience,
      clients.dynamodb,
      new GetItemCommand({ TableName: 't', Key: { pk: { S: 'x' } } }),
    ],
    ['sqs', dataPatience, clients.sqs, new ListQueuesCommand({})],
    ['sns', dataPatience, clients.sns, new ListTopicsCommand({})],
    ['scheduler', dataPatience, clients.scheduler, new ListSchedulesCommand({})],
    ['lambda', controlPatience, clients.lambda, new ListFunctionsCommand({})],
  ] as const)('is bounded: %s', async (_, patience, make, command) => {
    const client = make({ ...systemRuntime(), aws }) as unknown as Sending;
    // The handler makes its configuration at the first request, which is given up at once.
    await expect(client.send(command, { abortSignal: AbortSignal.timeout(50) })).rejects.toThrow();
    expect(await client.config.maxAttempts()).toBe(patience.attempts);
    expect(client.config.requestHandler.httpHandlerConfigs()).toMatchObject({
      connectionTimeout: patience.connectMs,
      requestTimeout: patience.answerMs,
      socketTimeout: patience.answerMs,
      throwOnRequestTimeout: true,
    });
  });

  it('leaves its function time for all attempts', () => {
    // The shortest function that reads the table has 15 seconds; those with the control plane have 29 and more.
    expect(worstMs(clients.dataPatience)).toBeLessThan(15_000);
    expect(worstMs(clients.controlPatience)).toBeLessThan(29_000);
    // A long poll of one second (queues.ts) is answered in time.
    expect(clients.dataPatience.answerMs).toBeGreaterThan(2000);
  });
});

describe('an error of AWS that no use case handled', () => {
  const failed = (name: string, httpStatusCode: number, $fault = 'client') =>
    Object.assign(new Error('no'), { name, $fault, $metadata: { httpStatusCode } });

  it.each([
    ['FilterPolicyLimitExceededException', 403, 'aws_limit', 409],
    ['SubscriptionLimitExceededException', 403, 'aws_limit', 409],
    ['TopicLimitExceededException', 403, 'aws_limit', 409],
    ['ServiceQuotaExceededException', 402, 'aws_limit', 409],
    ['ResourceConflictException', 409, 'conflict', 409],
    ['TooManyRequestsException', 429, 'unavailable', 503],
    ['ThrottlingException', 400, 'unavailable', 503],
    ['ThrottledException', 429, 'unavailable', 503],
    ['ProvisionedThroughputExceededException', 400, 'unavailable', 503],
    ['RequestThrottled', 403, 'unavailable', 503],
  ])('is told as what it is: %s', (name, status, code, told) => {
    const refusal = refusalOfAws(failed(name, status));
    expect(refusal).toMatchObject({ code, status: told });
    expect(refusal?.retryAfterSeconds).toEqual(code === 'aws_limit' ? undefined : expect.any(Number));
  });

  it('is unavailable when AWS itself failed', () => {
    expect(refusalOfAws(failed('InternalFailure', 500, 'server'))?.code).toBe('unavailable');
    const broken = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    expect(refusalOfAws(broken)?.code).toBe('unavailable');
  });

  it.each([
    new Error('a bug'),
    new TypeError('x is undefined'),
    failed('AccessDeniedException', 403),
    failed('ValidationException', 400),
    'text',
  ])('is a fault of the bus otherwise: %s', (error) => {
    expect(refusalOfAws(error)).toBeUndefined();
  });
});
