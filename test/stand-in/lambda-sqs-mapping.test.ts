import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import type { Authorize } from '../../lib/stand-in/aws.ts';
import { AwsError } from '../../lib/stand-in/engines/engine.ts';
import type { Handler } from '../../lib/stand-in/engines/lambda/index.ts';
import { createSqs } from '../../lib/stand-in/engines/sqs/index.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { testAccount } from './account.ts';
import { createFunction, gate, lambdaCode } from './lambda.ts';

const queueUrl = (name: string) => `http://127.0.0.1:4566/000000000000/${name}`;
const queueArn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

type Extra = Partial<CreateEventSourceMappingCommandInput>;

/** A queue `work` mapped to a function `worker`, which runs the given handler on each event. */
async function setUp(
  work: (event: SQSEvent) => Promise<unknown>,
  options: {
    store?: ReturnType<typeof memoryStore>;
    authorize?: Authorize;
    mapping?: Extra | false;
    queue?: Record<string, string>;
    name?: string;
    startMs?: number;
  } = {},
) {
  const name = options.name ?? 'work';
  const handler: Handler = (event) => work(event as SQSEvent);
  const code = lambdaCode({ worker: handler, other: handler });
  const account = testAccount([createSqs, code.builder], options);
  const { sqs, lambda, aws, clock } = account;
  await sqs.send(
    new CreateQueueCommand({ QueueName: name, ...(options.queue && { Attributes: options.queue }) }),
  );
  const map = async (extra: Extra = {}) => {
    const { UUID = '' } = await lambda.send(
      new CreateEventSourceMappingCommand({
        FunctionName: 'worker',
        EventSourceArn: queueArn(name),
        ...extra,
      }),
    );
    return UUID;
  };
  let uuid = '';
  if (options.mapping !== false) {
    await createFunction(lambda, 'worker', { Timeout: 30 });
    uuid = await map(options.mapping);
  }
  const resume = () => {
    for (const engine of aws.engines.values()) engine.resume?.();
  };
  resume();
  await clock.advance(0);
  const send = async (...bodies: string[]) => {
    for (let from = 0; from < bodies.length; from += 10) {
      await sqs.send(
        new SendMessageBatchCommand({
          QueueUrl: queueUrl(name),
          Entries: bodies
            .slice(from, from + 10)
            .map((MessageBody, index) => ({ Id: String(index), MessageBody })),
        }),
      );
    }
  };
  /** Visible messages and messages in flight. */
  const counts = async () => {
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl(name), AttributeNames: ['All'] }),
    );
    return [
      Number(Attributes.ApproximateNumberOfMessages),
      Number(Attributes.ApproximateNumberOfMessagesNotVisible),
    ];
  };
  const state = async () => (await lambda.send(new GetEventSourceMappingCommand({ UUID: uuid }))).State;
  return { ...account, ...code, uuid, map, send, counts, state };
}

const bodies = (event: SQSEvent) => event.Records.map(({ body }) => body);

/** A worker whose invocations stay open until the test lets them go. */
function heldWorker(answer: (event: SQSEvent) => unknown = () => undefined) {
  const open: { event: SQSEvent; finish(): void }[] = [];
  return {
    open,
    async work(event: SQSEvent) {
      const held = gate();
      const entry = { event, finish: held.open };
      open.push(entry);
      await held.opened;
      open.splice(open.indexOf(entry), 1);
      return answer(event);
    },
  };
}

describe('the event of a batch', () => {
  it('has the shape of AWS, and its messages are deleted after success', async () => {
    const events: SQSEvent[] = [];
    const { sqs, clock, counts } = await setUp(async (event) => void events.push(event));
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: queueUrl('work'),
        MessageBody: '{"n":1}',
        MessageGroupId: 'tenant',
        MessageAttributes: {
          color: { DataType: 'String', StringValue: 'red' },
          bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2, 3]) },
        },
      }),
    );
    await clock.advance(0);
    expect(events).toEqual([
      {
        Records: [
          {
            messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
            receiptHandle: expect.any(String),
            body: '{"n":1}',
            attributes: {
              ApproximateReceiveCount: '1',
              SentTimestamp: '1767225600000',
              SenderId: expect.any(String),
              ApproximateFirstReceiveTimestamp: '1767225600000',
              MessageGroupId: 'tenant',
            },
            messageAttributes: {
              color: { stringValue: 'red', stringListValues: [], binaryListValues: [], dataType: 'String' },
              bytes: { binaryValue: 'AQID', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
            },
            md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
            md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
            eventSource: 'aws:sqs',
            eventSourceARN: queueArn('work'),
            awsRegion: 'us-east-1',
          },
        ],
      },
    ]);
    expect(await counts()).toEqual([0, 0]);
  });

  it('contains up to the batch size', async () => {
    const sizes: number[] = [];
    const { send, clock } = await setUp(async (event) => void sizes.push(event.Records.length), {
      mapping: { BatchSize: 4 },
    });
    await send(...Array.from({ length: 10 }, (_, index) => `m${index}`));
    await clock.advance(0);
    expect(Math.max(...sizes)).toBe(4);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(10);
  });

  it('collects several receives within its window', async () => {
    const sizes: number[] = [];
    const { send, clock } = await setUp(async (event) => void sizes.push(event.Records.length), {
      mapping: {
        BatchSize: 100,
        MaximumBatchingWindowInSeconds: 5,
        ScalingConfig: { MaximumConcurrency: 2 },
      },
    });
    await send('first');
    await clock.advance(2000);
    await send(...Array.from({ length: 30 }, (_, index) => `m${index}`));
    await clock.advance(2900);
    expect(sizes).toEqual([]);
    await clock.advance(3000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(31);
    expect(sizes.length).toBeLessThanOrEqual(2);
  });

  it('stays below 6 MB, and the rest comes in the next one', async () => {
    const sizes: number[] = [];
    const { send, clock, counts } = await setUp(async (event) => void sizes.push(event.Records.length), {
      mapping: {
        BatchSize: 100,
        MaximumBatchingWindowInSeconds: 1,
        ScalingConfig: { MaximumConcurrency: 2 },
      },
    });
    for (let number = 0; number < 9; number++) await send('x'.repeat(1_000_000));
    await clock.advance(5000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(9);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(6);
    expect(await counts()).toEqual([0, 0]);
  });

  it('keeps the order of a group of a FIFO queue', async () => {
    const seen: string[] = [];
    const { sqs, clock } = await setUp(
      async (event) => {
        await Promise.resolve();
        seen.push(...bodies(event));
      },
      {
        name: 'work.fifo',
        queue: { FifoQueue: 'true', ContentBasedDeduplication: 'true' },
        mapping: { BatchSize: 3 },
      },
    );
    const wanted = Array.from({ length: 20 }, (_, index) => `m${index}`);
    for (const body of wanted) {
      await sqs.send(
        new SendMessageCommand({ QueueUrl: queueUrl('work.fifo'), MessageBody: body, MessageGroupId: 'one' }),
      );
    }
    await clock.advance(1000);
    expect(seen).toEqual(wanted);
  });
});

describe('a FIFO queue', () => {
  const queue = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
  const reporting = { FunctionResponseTypes: ['ReportBatchItemFailures' as const] };

  /** Sends bodies such as `a1` to the group that the body begins with. */
  async function sendToGroups({ sqs }: Awaited<ReturnType<typeof setUp>>, ...texts: string[]) {
    for (let from = 0; from < texts.length; from += 10) {
      await sqs.send(
        new SendMessageBatchCommand({
          QueueUrl: queueUrl('work.fifo'),
          Entries: texts.slice(from, from + 10).map((MessageBody, index) => ({
            Id: String(index),
            MessageBody,
            MessageGroupId: MessageBody.slice(0, 1),
          })),
        }),
      );
    }
  }

  it('puts several groups in a batch, and a failing group blocks no other', async () => {
    const seen: string[] = [];
    let broken = 'a';
    const account = await setUp(
      async (event) => {
        const failed = new Set<string>();
        for (const { body, messageId } of event.Records) {
          seen.push(body);
          if (body.startsWith(broken) || failed.has('a')) failed.add(messageId);
        }
        return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
      },
      { name: 'work.fifo', queue, mapping: reporting },
    );
    await sendToGroups(account, 'a1', 'b1', 'a2', 'c1');
    await account.clock.advance(0);
    expect(seen.sort()).toEqual(['a1', 'a2', 'b1', 'c1']);
    await sendToGroups(account, 'a3', 'b2');
    await account.clock.advance(1000);
    expect(seen.slice(4)).toEqual(['b2']);
    broken = 'none';
    await account.clock.advance(30_000);
    expect(seen.slice(5)).toEqual(['a1', 'a2', 'a3']);
    expect(await account.counts()).toEqual([0, 0]);
  });

  it('runs no more invocations at once than it has groups', async () => {
    const worker = heldWorker();
    const account = await setUp(worker.work, {
      name: 'work.fifo',
      queue,
      mapping: { BatchSize: 1, ScalingConfig: { MaximumConcurrency: 5 } },
    });
    await sendToGroups(account, 'a1', 'a2', 'a3', 'b1', 'b2');
    await account.clock.advance(5000);
    expect(worker.open.map(({ event }) => bodies(event)[0]).sort()).toEqual(['a1', 'b1']);
    worker.open.find(({ event }) => bodies(event)[0] === 'a1')?.finish();
    await account.clock.advance(1000);
    expect(worker.open.map(({ event }) => bodies(event)[0]).sort()).toEqual(['a2', 'b1']);
    for (let left = 4; left > 0; left--) {
      worker.open[0]?.finish();
      await account.clock.advance(1000);
    }
    expect(await account.counts()).toEqual([0, 0]);
  });

  it('delivers carried messages only after the failed ones of their group', async () => {
    const seen: string[] = [];
    let failing = true;
    const account = await setUp(
      async (event) => {
        seen.push(...event.Records.map(({ body }) => body.slice(0, 2)));
        const failed = event.Records.filter(({ body }) => failing && body.startsWith('a'));
        return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
      },
      { name: 'work.fifo', queue, mapping: false },
    );
    // Seven of them are more than the 6 MB of an invocation.
    for (const text of ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7']) {
      await sendToGroups(account, text.padEnd(1_000_000, '.'));
    }
    await createFunction(account.lambda, 'worker', { Timeout: 30 });
    await account.map({ ...reporting, ScalingConfig: { MaximumConcurrency: 2 } });
    await account.clock.advance(20_000);
    expect(seen).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'a6']);
    failing = false;
    await account.clock.advance(120_000);
    expect(seen.slice(6)).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7']);
    expect(await account.counts()).toEqual([0, 0]);
  });
});

describe('failures', () => {
  it('leaves the visibility timeout of a failed batch unchanged', async () => {
    let failing = true;
    const received: string[] = [];
    const { send, clock, counts, problems } = await setUp(async (event) => {
      received.push(...event.Records.map(({ attributes }) => attributes.ApproximateReceiveCount));
      if (failing) throw new Error('not now');
    });
    await send('a', 'b');
    await clock.advance(0);
    expect(received).toEqual(['1', '1']);
    expect(await counts()).toEqual([0, 2]);
    expect(problems).toEqual([
      {
        kind: 'function-error',
        functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:worker',
        eventSourceArn: queueArn('work'),
        message: expect.stringContaining('not now'),
      },
    ]);
    failing = false;
    await clock.advance(30_000);
    expect(received).toEqual(['1', '1', '2', '2']);
    expect(await counts()).toEqual([0, 0]);
  });

  it('keeps a visibility timeout that the function changed', async () => {
    let runs = 0;
    const account = await setUp(async (event) => {
      runs += 1;
      for (const { receiptHandle } of event.Records) {
        await account.sqs.send(
          new ChangeMessageVisibilityCommand({
            QueueUrl: queueUrl('work'),
            ReceiptHandle: receiptHandle,
            VisibilityTimeout: 5,
          }),
        );
      }
      throw new Error('in five seconds');
    });
    await account.send('a');
    await account.clock.advance(4900);
    expect(runs).toBe(1);
    await account.clock.advance(200);
    expect(runs).toBe(2);
  });

  const reporting = { FunctionResponseTypes: ['ReportBatchItemFailures'] } satisfies Extra;

  it('deletes all but the reported items', async () => {
    const { send, clock, counts } = await setUp(
      async (event) => ({
        batchItemFailures: event.Records.filter(({ body }) => body === 'bad').map(({ messageId }) => ({
          itemIdentifier: messageId,
        })),
      }),
      { mapping: reporting },
    );
    await send('good', 'bad', 'good');
    await clock.advance(0);
    expect(await counts()).toEqual([0, 1]);
  });

  it('ignores the report when the mapping did not ask for it', async () => {
    const { send, clock, counts } = await setUp(async (event) => ({
      batchItemFailures: [{ itemIdentifier: event.Records[0]?.messageId }],
    }));
    await send('a');
    await clock.advance(0);
    expect(await counts()).toEqual([0, 0]);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an empty object', {}],
    ['a bare list', []],
    ['an empty list', { batchItemFailures: [] }],
    ['a null list', { batchItemFailures: null }],
    ['something else', { statusCode: 200 }],
  ])('treats %s as full success', async (_what, answer) => {
    const { send, clock, counts } = await setUp(async () => answer, { mapping: reporting });
    await send('a', 'b');
    await clock.advance(0);
    expect(await counts()).toEqual([0, 0]);
  });

  it.each([
    ['an empty identifier', { batchItemFailures: [{ itemIdentifier: '' }] }],
    ['a null identifier', { batchItemFailures: [{ itemIdentifier: null }] }],
    ['a wrong key', { batchItemFailures: [{ messageId: 'x' }] }],
    ['an identifier of an unknown message', { batchItemFailures: [{ itemIdentifier: 'x' }] }],
    ['a list of strings', { batchItemFailures: ['x'] }],
    ['no list', { batchItemFailures: 'x' }],
    ['a text', 'done'],
  ])('treats %s as failure of the whole batch', async (_what, answer) => {
    const { send, clock, counts } = await setUp(async () => answer, { mapping: reporting });
    await send('a', 'b');
    await clock.advance(0);
    expect(await counts()).toEqual([0, 2]);
  });

  it('treats a timeout as failure of the whole batch', async () => {
    const { send, clock, counts, problems } = await setUp(() => new Promise(() => {}), {
      mapping: reporting,
      queue: { VisibilityTimeout: '60' },
    });
    await send('a', 'b');
    await clock.advance(30_000);
    expect(problems[0]?.message).toContain('Task timed out after 30.00 seconds');
    expect(await counts()).toEqual([0, 2]);
  });

  it('retries a throttled batch while it is invisible to others, and invokes nothing else meanwhile', async () => {
    let runs = 0;
    const { send, clock, lambda, counts, problems } = await setUp(async () => {
      runs += 1;
    });
    await lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'worker', ReservedConcurrentExecutions: 0 }),
    );
    await send('a');
    await clock.advance(5000);
    expect(runs).toBe(0);
    expect(problems.every(({ kind }) => kind === 'throttled')).toBe(true);
    expect(await counts()).toEqual([0, 1]);
    await lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'worker', ReservedConcurrentExecutions: 5 }),
    );
    await clock.advance(10_000);
    expect(runs).toBe(1);
    expect(await counts()).toEqual([0, 0]);
  });

  it('reports when it may no longer receive, and continues when it may again', async () => {
    let denied = false;
    const runs: string[] = [];
    const { send, clock, problems, lambda, uuid } = await setUp(
      async (event) => void runs.push(...bodies(event)),
      {
        authorize: (caller, permissions) => {
          if (
            denied &&
            caller.kind === 'role' &&
            permissions.some(({ action }) => action === 'sqs:ReceiveMessage')
          ) {
            throw new AwsError('AccessDenied', 'sqs:ReceiveMessage is not allowed', { status: 403 });
          }
        },
      },
    );
    denied = true;
    await clock.advance(25_000);
    expect(problems[0]).toMatchObject({
      kind: 'poll-failed',
      message: expect.stringContaining('AccessDenied'),
    });
    const mapping = await lambda.send(new GetEventSourceMappingCommand({ UUID: uuid }));
    expect(mapping.LastProcessingResult).toContain('PROBLEM');
    await send('a');
    denied = false;
    await clock.advance(120_000);
    expect(runs).toEqual(['a']);
  });
});

describe('scaling', () => {
  it('starts with five pollers and goes down to two when it is quiet', async () => {
    const { clock, meter } = await setUp(async () => undefined);
    const receives = async (ms: number) => {
      const before = meter.counts()['sqs.requests'] ?? 0;
      await clock.advance(ms);
      return (meter.counts()['sqs.requests'] ?? 0) - before;
    };
    expect(await receives(20_000)).toBe(5);
    await clock.advance(10 * 60_000);
    expect(await receives(60_000)).toBe(6);
  });

  it('keeps five when a maximum concurrency is set, or fewer when the maximum is lower', async () => {
    for (const [MaximumConcurrency, pollers] of [
      [50, 5],
      [3, 3],
    ] as const) {
      const { clock, meter } = await setUp(async () => undefined, {
        mapping: { ScalingConfig: { MaximumConcurrency } },
      });
      await clock.advance(10 * 60_000);
      const before = meter.counts()['sqs.requests'] ?? 0;
      await clock.advance(60_000);
      expect((meter.counts()['sqs.requests'] ?? 0) - before).toBe(3 * pollers);
    }
  });

  it('adds 300 a minute while all are busy', async () => {
    const held = heldWorker();
    const { send, clock } = await setUp(held.work, { mapping: { BatchSize: 1 } });
    await send(...Array.from({ length: 400 }, (_, index) => `m${index}`));
    await clock.advance(0);
    expect(held.open.length).toBeGreaterThanOrEqual(5);
    expect(held.open.length).toBeLessThanOrEqual(6);
    await clock.advance(10_000);
    expect(held.open.length).toBeGreaterThan(50);
    expect(held.open.length).toBeLessThanOrEqual(56);
  });

  it('never invokes above its maximum concurrency', async () => {
    const held = heldWorker();
    const { send, clock } = await setUp(held.work, {
      mapping: { BatchSize: 1, ScalingConfig: { MaximumConcurrency: 7 } },
      queue: { VisibilityTimeout: '600' },
    });
    await send(...Array.from({ length: 30 }, (_, index) => `m${index}`));
    await clock.advance(20_000);
    expect(held.open).toHaveLength(7);
  });

  it('reduces its concurrency when the function fails, and restores it after successes', async () => {
    let failing = true;
    const held = heldWorker(() => {
      if (failing) throw new Error('down');
    });
    const { send, clock, problems } = await setUp(held.work, {
      mapping: { BatchSize: 1 },
      queue: { VisibilityTimeout: '3600' },
    });
    const settle = async () => {
      for (const { finish } of [...held.open]) finish();
      await clock.advance(0);
    };
    await send(...Array.from({ length: 200 }, (_, index) => `m${index}`));
    await clock.advance(0);
    await settle();
    await clock.advance(0);
    expect(problems.length).toBeGreaterThanOrEqual(5);
    expect(held.open.length).toBeLessThanOrEqual(1);
    await clock.advance(20_000);
    expect(held.open.length).toBe(1);
    failing = false;
    for (let round = 0; round < 6; round++) {
      await settle();
      await clock.advance(1000);
    }
    expect(held.open.length).toBeGreaterThanOrEqual(5);
  });

  it('does not reduce its concurrency for failures when it reports batch item failures', async () => {
    const held = heldWorker(() => {
      throw new Error('down');
    });
    const { send, clock } = await setUp(held.work, {
      mapping: { BatchSize: 1, FunctionResponseTypes: ['ReportBatchItemFailures'] },
    });
    await send(...Array.from({ length: 50 }, (_, index) => `m${index}`));
    await clock.advance(0);
    for (const { finish } of [...held.open]) finish();
    await clock.advance(0);
    expect(held.open.length).toBeGreaterThanOrEqual(5);
  });
});

describe('filters', () => {
  const filtered = (pattern: unknown): Extra => ({
    FilterCriteria: { Filters: [{ Pattern: JSON.stringify(pattern) }] },
  });

  it('passes matching messages and deletes the others unprocessed', async () => {
    const seen: string[] = [];
    const { send, clock, counts } = await setUp(async (event) => void seen.push(...bodies(event)), {
      mapping: filtered({ body: { type: [{ prefix: 'order.' }], amount: [{ numeric: ['>', 10] }] } }),
    });
    const pass = '{"type":"order.paid","amount":11}';
    await send(pass, '{"type":"order.paid","amount":10}', '{"type":"user","amount":11}', 'not json');
    await clock.advance(0);
    expect(seen).toEqual([pass]);
    expect(await counts()).toEqual([0, 0]);
  });

  it('rejects an invalid pattern', async () => {
    const account = await setUp(async () => undefined, { mapping: false });
    await createFunction(account.lambda, 'worker', { Timeout: 30 });
    for (const pattern of [
      {},
      { body: 'x' },
      { body: [] },
      { body: [{ wildcard: '*' }] },
      { body: [{ numeric: ['>'] }] },
    ]) {
      await expect(account.map(filtered(pattern))).rejects.toMatchObject({
        name: 'InvalidParameterValueException',
        message: 'Invalid filter pattern definition.',
      });
    }
  });
});

describe('the states of a mapping', () => {
  it('waits for resume, and is then enabled', async () => {
    const runs: string[] = [];
    const code = lambdaCode({ worker: async (event) => void runs.push(...bodies(event as SQSEvent)) });
    const { sqs, lambda, aws, clock } = testAccount([createSqs, code.builder]);
    await sqs.send(new CreateQueueCommand({ QueueName: 'work' }));
    await createFunction(lambda, 'worker');
    const created = await lambda.send(
      new CreateEventSourceMappingCommand({ FunctionName: 'worker', EventSourceArn: queueArn('work') }),
    );
    expect(created).toMatchObject({ State: 'Creating', BatchSize: 10, MaximumBatchingWindowInSeconds: 0 });
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl('work'), MessageBody: 'early' }));
    await clock.advance(60_000);
    expect(runs).toEqual([]);
    aws.engines.get('lambda')?.resume?.();
    await clock.advance(0);
    expect(runs).toEqual(['early']);
  });

  it('is Disabling until the batches in flight have ended', async () => {
    const held = heldWorker();
    const { send, clock, lambda, uuid, state, counts } = await setUp(held.work);
    expect(await state()).toBe('Enabled');
    await send('a');
    await clock.advance(0);
    const answer = await lambda.send(new UpdateEventSourceMappingCommand({ UUID: uuid, Enabled: false }));
    expect(answer.State).toBe('Disabling');
    await clock.advance(10_000);
    expect(await state()).toBe('Disabling');
    await expect(
      lambda.send(new UpdateEventSourceMappingCommand({ UUID: uuid, Enabled: true })),
    ).rejects.toMatchObject({ name: 'ResourceInUseException' });
    held.open[0]?.finish();
    await clock.advance(0);
    expect(await state()).toBe('Disabled');
    expect(await counts()).toEqual([0, 0]);
    await send('b');
    await clock.advance(60_000);
    expect(held.open).toEqual([]);
    const enabling = await lambda.send(new UpdateEventSourceMappingCommand({ UUID: uuid, Enabled: true }));
    expect(enabling.State).toBe('Enabling');
    await clock.advance(0);
    expect(held.open).toHaveLength(1);
  });

  it('applies new settings, and disappears after deletion', async () => {
    const sizes: number[] = [];
    const { send, clock, lambda, uuid, state } = await setUp(
      async (event) => void sizes.push(event.Records.length),
    );
    const updating = await lambda.send(new UpdateEventSourceMappingCommand({ UUID: uuid, BatchSize: 1 }));
    expect(updating.State).toBe('Updating');
    await clock.advance(0);
    await send('a', 'b');
    await clock.advance(0);
    expect(sizes).toEqual([1, 1]);
    const deleting = await lambda.send(new DeleteEventSourceMappingCommand({ UUID: uuid }));
    expect(deleting.State).toBe('Deleting');
    await clock.advance(0);
    await expect(state()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await send('c');
    await clock.advance(60_000);
    expect(sizes).toEqual([1, 1]);
  });

  it('survives a restart, and close waits for running batches', async () => {
    const store = memoryStore();
    const held = heldWorker();
    const before = await setUp(held.work, { store });
    await before.send('a');
    await before.clock.advance(0);
    let closed = false;
    const closing = before.aws.close().then(() => {
      closed = true;
    });
    await before.clock.advance(1000);
    expect(closed).toBe(false);
    held.open[0]?.finish();
    await closing;
    await store.committed();
    const runs: string[] = [];
    const after = await setUp(async (event) => void runs.push(...bodies(event)), { store, mapping: false });
    expect(await after.counts()).toEqual([0, 0]);
    await after.send('b');
    await after.clock.advance(0);
    expect(runs).toEqual(['b']);
  });
});

describe('what CreateEventSourceMapping rejects', () => {
  async function fresh(options: Parameters<typeof setUp>[1] = {}, timeout = 30) {
    const account = await setUp(async () => undefined, { ...options, mapping: false });
    await createFunction(account.lambda, 'worker', { Timeout: timeout });
    return account;
  }
  const invalid = (message: string | RegExp) => ({
    name: 'InvalidParameterValueException',
    message: expect.stringMatching(message),
  });

  it('a function that works longer than its messages stay invisible', async () => {
    const { map } = await fresh({}, 31);
    await expect(map()).rejects.toMatchObject(
      invalid('Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds'),
    );
  });

  it('a queue that does not exist', async () => {
    const { map } = await fresh();
    await expect(map({ EventSourceArn: queueArn('none') })).rejects.toMatchObject(
      invalid(/AWS\.SimpleQueueService\.NonExistentQueue/),
    );
  });

  it.each(['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'])(
    'a role that may not %s',
    async (action) => {
      const { map } = await fresh({
        authorize: (caller, permissions) => {
          if (
            caller.kind === 'role' &&
            permissions.some((permission) => permission.action === `sqs:${action}`)
          ) {
            throw new AwsError('AccessDenied', 'no', { status: 403 });
          }
        },
      });
      await expect(map()).rejects.toMatchObject(
        invalid(`The function execution role does not have permissions to call ${action} on SQS`),
      );
    },
  );

  it('a function or a source that is not there', async () => {
    const { map } = await fresh();
    await expect(map({ FunctionName: 'none' })).rejects.toMatchObject(invalid(/^Function does not exist$/));
    await expect(map({ FunctionName: 'none', EventSourceArn: undefined })).rejects.toMatchObject(
      invalid(/^Unrecognized event source\.$/),
    );
  });

  it('the same mapping twice', async () => {
    const { map, lambda } = await fresh();
    const uuid = await map();
    await expect(map()).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: expect.stringContaining(uuid),
      $metadata: { httpStatusCode: 409 },
    });
    await createFunction(lambda, 'other', { Timeout: 30 });
    await map({ FunctionName: 'other' });
    const { EventSourceMappings } = await lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName: 'worker', EventSourceArn: queueArn('work') }),
    );
    expect(EventSourceMappings?.map(({ UUID }) => UUID)).toEqual([uuid]);
  });

  it.each<[string, Extra, string | RegExp]>([
    ['a batch of 10,001', { BatchSize: 10_001, MaximumBatchingWindowInSeconds: 1 }, /BatchSize/],
    ['a batch above 10 without a window', { BatchSize: 11 }, /greater than 0/],
    ['a window of 301 s', { MaximumBatchingWindowInSeconds: 301 }, /MaximumBatchingWindowInSeconds/],
    ['a maximum concurrency of 1', { ScalingConfig: { MaximumConcurrency: 1 } }, /MaximumConcurrency/],
    ['a starting position', { StartingPosition: 'LATEST' }, /StartingPosition/],
    [
      'a destination',
      { DestinationConfig: { OnSuccess: { Destination: queueArn('other') } } },
      /^Unsupported DestinationConfig parameter for given event source mapping type\.$/,
    ],
    ['settings for streams', { BisectBatchOnFunctionError: true }, /BisectBatchOnFunctionError/],
  ])('%s', async (_what, extra, message) => {
    const { map } = await fresh();
    await expect(map(extra)).rejects.toMatchObject(invalid(message));
  });

  it('a batch above 10 of a FIFO queue', async () => {
    const { map } = await fresh({ name: 'work.fifo', queue: { FifoQueue: 'true' } });
    await expect(map({ BatchSize: 11 })).rejects.toMatchObject(invalid(/FIFO/));
  });

  it('an unsupported member, by name', async () => {
    const { map } = await fresh();
    await expect(map({ TumblingWindowInSeconds: 30 })).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('TumblingWindowInSeconds'),
    });
  });
});
