import {
  DeleteFunctionCommand,
  DeleteFunctionEventInvokeConfigCommand,
  GetFunctionEventInvokeConfigCommand,
  InvokeCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  UpdateFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { createSqs } from '../../lib/stand-in/engines/sqs/index.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { testAccount } from './account.ts';
import { createFunction, lambdaCode } from './lambda.ts';

const queueArn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

async function setUp(
  handler: (event: unknown) => Promise<unknown>,
  options: { store?: ReturnType<typeof memoryStore>; startMs?: number; resume?: boolean } = {},
) {
  const ranAtMs: number[] = [];
  const code = lambdaCode({
    task: async (event) => {
      ranAtMs.push(account.clock.now() - account.startMs);
      return handler(event);
    },
  });
  const account = { ...testAccount([createSqs, code.builder], options), startMs: 0 };
  account.startMs = account.clock.now();
  const { lambda, sqs, aws } = account;
  if (options.startMs === undefined) await createFunction(lambda, 'task');
  for (const QueueName of ['failed', 'succeeded']) await sqs.send(new CreateQueueCommand({ QueueName }));
  if (options.resume !== false) aws.engines.get('lambda')?.resume?.();
  const accept = (payload: unknown) =>
    lambda.send(
      new InvokeCommand({
        FunctionName: 'task',
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify(payload)),
      }),
    );
  const records = async (name: string) => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: `http://127.0.0.1:4566/000000000000/${name}`,
        MaxNumberOfMessages: 10,
      }),
    );
    return Messages.map(({ Body }) => JSON.parse(Body ?? ''));
  };
  return { ...account, ...code, ranAtMs, accept, records };
}

describe('Invoke, Event', () => {
  it('answers 202 at once and runs the function later', async () => {
    const events: unknown[] = [];
    const { accept, clock } = await setUp(async (event) => void events.push(event));
    const answer = await accept({ n: 1 });
    expect(answer.StatusCode).toBe(202);
    expect(events).toEqual([]);
    await clock.advance(0);
    expect(events).toEqual([{ n: 1 }]);
  });

  it('retries a failed event twice, after one and after two minutes', async () => {
    const { accept, clock, ranAtMs, problems } = await setUp(async () => {
      throw new Error('no');
    });
    await accept({});
    await clock.advance(3_600_000);
    expect(ranAtMs).toEqual([0, 60_000, 180_000]);
    expect(problems.map(({ kind }) => kind)).toEqual([
      'function-error',
      'function-error',
      'function-error',
      'dropped',
    ]);
  });

  it('sends the record of an event that failed for good to its destination', async () => {
    const { accept, clock, lambda, records, ranAtMs } = await setUp(async () => {
      throw new TypeError('no');
    });
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName: 'task',
        MaximumRetryAttempts: 0,
        DestinationConfig: { OnFailure: { Destination: queueArn('failed') } },
      }),
    );
    await accept({ n: 1 });
    await clock.advance(1000);
    expect(ranAtMs).toEqual([0]);
    expect(await records('failed')).toEqual([
      {
        version: '1.0',
        timestamp: '2026-01-01T00:00:00.000Z',
        requestContext: {
          requestId: expect.any(String),
          functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:task:$LATEST',
          condition: 'RetriesExhausted',
          approximateInvokeCount: 1,
        },
        requestPayload: { n: 1 },
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        responsePayload: { errorType: 'TypeError', errorMessage: 'no', trace: expect.any(Array) },
      },
    ]);
  });

  it('sends the record of a success to its destination', async () => {
    const { accept, clock, lambda, records } = await setUp(async () => ({ done: true }));
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName: 'task',
        DestinationConfig: { OnSuccess: { Destination: queueArn('succeeded') } },
      }),
    );
    await accept({ n: 1 });
    await clock.advance(0);
    expect(await records('succeeded')).toMatchObject([
      { requestContext: { condition: 'Success' }, responsePayload: { done: true } },
    ]);
  });

  it('keeps a throttled event until there is concurrency, without using its retries', async () => {
    const { accept, clock, lambda, ranAtMs } = await setUp(async () => undefined);
    await lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'task', ReservedConcurrentExecutions: 0 }),
    );
    await accept({});
    await clock.advance(20 * 60_000);
    expect(ranAtMs).toEqual([]);
    await lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'task', ReservedConcurrentExecutions: 1 }),
    );
    await clock.advance(5 * 60_000);
    expect(ranAtMs).toHaveLength(1);
  });

  it('gives up a throttled event at its maximum age', async () => {
    const { accept, clock, lambda, records } = await setUp(async () => undefined);
    await lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'task', ReservedConcurrentExecutions: 0 }),
    );
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName: 'task',
        MaximumEventAgeInSeconds: 60,
        DestinationConfig: { OnFailure: { Destination: queueArn('failed') } },
      }),
    );
    await accept({});
    await clock.advance(60_000);
    expect(await records('failed')).toMatchObject([{ requestContext: { condition: 'EventAgeExceeded' } }]);
  });

  it('keeps accepted events over a restart', async () => {
    const store = memoryStore();
    const before = await setUp(async () => undefined, { store, resume: false });
    await before.accept({ n: 1 });
    await before.clock.advance(1000);
    expect(before.ranAtMs).toEqual([]);
    await before.aws.close();
    const events: unknown[] = [];
    const after = await setUp(async (event) => void events.push(event), {
      store,
      startMs: Date.parse('2026-01-01T01:00:00Z'),
    });
    await after.clock.advance(0);
    expect(events).toEqual([{ n: 1 }]);
  });

  it('reports an event that is lost with its function', async () => {
    const { accept, clock, lambda, problems } = await setUp(async () => undefined);
    await accept({});
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'task' }));
    await clock.advance(0);
    expect(problems).toMatchObject([{ kind: 'dropped', message: expect.stringContaining('deleted') }]);
  });

  it('rejects more than 1 MB, and bills the part above 256 KB', async () => {
    const { accept, meter } = await setUp(async () => undefined, { resume: false });
    await expect(accept('x'.repeat(1024 * 1024))).rejects.toMatchObject({ name: 'RequestTooLargeException' });
    await accept('x'.repeat(256 * 1024 + 64 * 1024));
    expect(meter.counts()['lambda.requests']).toBe(2);
  });
});

describe('the event invoke configuration', () => {
  it('is replaced as a whole, updated in part, and deleted', async () => {
    const { lambda } = await setUp(async () => undefined);
    const FunctionName = 'task';
    await lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, MaximumRetryAttempts: 1 }));
    await lambda.send(
      new UpdateFunctionEventInvokeConfigCommand({ FunctionName, MaximumEventAgeInSeconds: 120 }),
    );
    expect(await lambda.send(new GetFunctionEventInvokeConfigCommand({ FunctionName }))).toMatchObject({
      FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:task:$LATEST',
      MaximumRetryAttempts: 1,
      MaximumEventAgeInSeconds: 120,
    });
    await lambda.send(new DeleteFunctionEventInvokeConfigCommand({ FunctionName }));
    await expect(
      lambda.send(new GetFunctionEventInvokeConfigCommand({ FunctionName })),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('accepts only queues as destinations', async () => {
    const { lambda } = await setUp(async () => undefined);
    await expect(
      lambda.send(
        new PutFunctionEventInvokeConfigCommand({
          FunctionName: 'task',
          DestinationConfig: { OnFailure: { Destination: 'arn:aws:sns:us-east-1:000000000000:topic' } },
        }),
      ),
    ).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringContaining(':topic'),
    });
  });
});
