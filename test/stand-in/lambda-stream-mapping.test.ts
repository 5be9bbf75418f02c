import {
  CreateTableCommand,
  DescribeTableCommand,
  PutItemCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { dynamodbEngines } from '../../lib/stand-in/engines/dynamodb-with-streams.ts';
import { createSqs } from '../../lib/stand-in/engines/sqs/index.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { testAccount } from './account.ts';
import { createFunction, gate, lambdaCode } from './lambda.ts';

type Extra = Partial<CreateEventSourceMappingCommandInput>;
const deadArn = 'arn:aws:sqs:us-east-1:000000000000:dead';
const nameOf = (record: DynamoDBRecord) => record.dynamodb?.Keys?.id?.S ?? '';
const names = (event: DynamoDBStreamEvent) => event.Records.map(nameOf);

/** A table `items` whose stream is mapped to a function that runs the given handler on each event. */
async function setUp(
  work: (event: DynamoDBStreamEvent) => Promise<unknown>,
  mapping: Extra | false = {},
  options: { store?: ReturnType<typeof memoryStore>; startMs?: number } = {},
) {
  const dynamo = dynamodbEngines();
  const code = lambdaCode(
    { reader: (event) => work(event as DynamoDBStreamEvent) },
    { onStreamRecords: dynamo.onStreamRecords },
  );
  const account = testAccount([createSqs, ...dynamo.builders, code.builder], options);
  const { dynamodb, lambda, sqs, clock, aws } = account;
  let uuid = '';
  const map = async (extra: Extra = {}) => {
    const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: 'items' }));
    const created = await lambda.send(
      new CreateEventSourceMappingCommand({
        FunctionName: 'reader',
        EventSourceArn: Table?.LatestStreamArn,
        StartingPosition: 'TRIM_HORIZON',
        ...extra,
      }),
    );
    uuid = created.UUID ?? '';
    return created;
  };
  if (mapping !== false) {
    await sqs.send(new CreateQueueCommand({ QueueName: 'dead' }));
    await dynamodb.send(
      new CreateTableCommand({
        TableName: 'items',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      }),
    );
    await createFunction(lambda, 'reader', { Timeout: 10 });
    await map(mapping);
  }
  for (const engine of aws.engines.values()) engine.resume?.();
  await clock.advance(0);
  const put = async (...ids: string[]) => {
    for (const id of ids) {
      await dynamodb.send(
        new PutItemCommand({ TableName: 'items', Item: { id: { S: id }, kind: { S: `${id}-kind` } } }),
      );
    }
  };
  const dead = async () => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: 'http://127.0.0.1:4566/000000000000/dead',
        MaxNumberOfMessages: 10,
      }),
    );
    return Messages.map(({ Body }) => JSON.parse(Body ?? ''));
  };
  return { ...account, ...code, map, put, dead, uuid: () => uuid };
}

describe('reading a stream', () => {
  it('delivers records in order, in the form of AWS', async () => {
    const events: DynamoDBStreamEvent[] = [];
    const { put, clock } = await setUp(async (event) => void events.push(event));
    await put('a', 'b', 'c');
    await clock.advance(0);
    expect(events.flatMap(names)).toEqual(['a', 'b', 'c']);
    expect(events[0]?.Records[0]).toMatchObject({
      eventID: expect.any(String),
      eventName: 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'us-east-1',
      eventSourceARN: expect.stringMatching(
        /^arn:aws:dynamodb:us-east-1:000000000000:table\/items\/stream\//,
      ),
      dynamodb: {
        ApproximateCreationDateTime: 1_767_225_600,
        Keys: { id: { S: 'a' } },
        NewImage: { id: { S: 'a' }, kind: { S: 'a-kind' } },
        SequenceNumber: expect.any(String),
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
    });
  });

  it('starts at the beginning with TRIM_HORIZON and at the end with LATEST', async () => {
    for (const [StartingPosition, expected] of [
      ['TRIM_HORIZON', ['early', 'late']],
      ['LATEST', ['late']],
    ] as const) {
      const seen: string[] = [];
      const account = await setUp(async (event) => void seen.push(...names(event)), {
        Enabled: false,
        StartingPosition,
      });
      await account.put('early');
      await account.lambda.send(new UpdateEventSourceMappingCommand({ UUID: account.uuid(), Enabled: true }));
      await account.clock.advance(0);
      await account.put('late');
      await account.clock.advance(0);
      expect(seen).toEqual(expected);
    }
  });

  it('invokes for one batch at a time, with up to the batch size', async () => {
    const open: { event: DynamoDBStreamEvent; finish(): void }[] = [];
    const { put, clock } = await setUp(
      async (event) => {
        const held = gate();
        open.push({ event, finish: held.open });
        await held.opened;
      },
      { BatchSize: 2 },
    );
    await put('a', 'b', 'c', 'd', 'e');
    await clock.advance(1000);
    expect(open).toHaveLength(1);
    open[0]?.finish();
    await clock.advance(0);
    for (let index = 1; index < open.length; index++) {
      open[index]?.finish();
      await clock.advance(0);
    }
    expect(open.flatMap(({ event }) => names(event))).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(Math.max(...open.map(({ event }) => event.Records.length))).toBe(2);
  });

  it('fills a batch within its window', async () => {
    const batches: string[][] = [];
    const { put, clock } = await setUp(async (event) => void batches.push(names(event)), {
      MaximumBatchingWindowInSeconds: 10,
      BatchSize: 3,
    });
    await put('a');
    await clock.advance(5000);
    await put('b');
    await clock.advance(4000);
    expect(batches).toEqual([]);
    await clock.advance(1000);
    expect(batches).toEqual([['a', 'b']]);
    await put('c', 'd', 'e');
    await clock.advance(0);
    expect(batches).toEqual([
      ['a', 'b'],
      ['c', 'd', 'e'],
    ]);
  });

  it('skips records that no filter passes', async () => {
    const seen: string[] = [];
    const { put, clock } = await setUp(async (event) => void seen.push(...names(event)), {
      FilterCriteria: {
        Filters: [
          {
            Pattern: JSON.stringify({
              eventName: ['INSERT'],
              dynamodb: { Keys: { id: { S: [{ prefix: 'x' }] } } },
            }),
          },
        ],
      },
    });
    await put('x1', 'y1', 'x2', 'x1');
    await clock.advance(0);
    expect(seen).toEqual(['x1', 'x2']);
  });

  it.each(['TRIM_HORIZON', 'LATEST'] as const)(
    'sleeps while nothing is written, and then continues (%s)',
    async (StartingPosition) => {
      const seen: string[] = [];
      const { put, clock, meter } = await setUp(async (event) => void seen.push(...names(event)), {
        StartingPosition,
      });
      const readsBefore = meter.counts()['dynamodb.stream-reads'] ?? 0;
      await clock.advance(24 * 3_600_000);
      // One read in ten minutes keeps the iterator alive.
      expect((meter.counts()['dynamodb.stream-reads'] ?? 0) - readsBefore).toBe(6 * 24);
      await put('a');
      await clock.advance(0);
      expect(seen).toEqual(['a']);
    },
  );

  it('loses nothing over a restart before its first record', async () => {
    for (const StartingPosition of ['TRIM_HORIZON', 'LATEST'] as const) {
      const seen: string[] = [];
      const store = memoryStore();
      const before = await setUp(
        async (event) => void seen.push(...names(event)),
        { StartingPosition, Enabled: false },
        { store },
      );
      await before.put('early');
      await before.clock.advance(5000);
      await before.lambda.send(new UpdateEventSourceMappingCommand({ UUID: before.uuid(), Enabled: true }));
      await before.clock.advance(0);
      await before.aws.close();
      await before.put('late');
      await store.committed();
      const after = await setUp(async (event) => void seen.push(...names(event)), false, {
        store,
        startMs: Date.parse('2026-01-01T01:00:00Z'),
      });
      await after.clock.advance(0);
      expect(seen).toEqual(['early', 'late'].slice(StartingPosition === 'LATEST' ? 1 : 0));
    }
  });

  it('reads a disabled stream to its end', async () => {
    const seen: string[] = [];
    const { put, clock, dynamodb } = await setUp(async (event) => void seen.push(...names(event)));
    await put('last');
    await dynamodb.send(
      new UpdateTableCommand({ TableName: 'items', StreamSpecification: { StreamEnabled: false } }),
    );
    await clock.advance(1000);
    expect(seen).toEqual(['last']);
  });
});

describe('a batch that fails', () => {
  it('is retried, and blocks what comes after it', async () => {
    const batches: string[][] = [];
    let failing = true;
    const { put, clock, problems } = await setUp(async (event) => {
      batches.push(names(event));
      if (failing) throw new Error('not now');
    });
    await put('a');
    await clock.advance(1000);
    await put('b');
    await clock.advance(2000);
    expect(new Set(batches.flat())).toEqual(new Set(['a']));
    expect(batches.length).toBeGreaterThan(1);
    expect(problems[0]).toMatchObject({
      kind: 'function-error',
      message: expect.stringContaining('not now'),
    });
    failing = false;
    await clock.advance(60_000);
    expect(batches.flat().at(-1)).toBe('b');
  });

  it('is discarded after its retries, and reported to the destination', async () => {
    const batches: string[][] = [];
    const { put, clock, dead } = await setUp(
      async (event) => {
        batches.push(names(event));
        if (names(event).includes('bad')) throw new Error('poison');
      },
      { BatchSize: 1, MaximumRetryAttempts: 2, DestinationConfig: { OnFailure: { Destination: deadArn } } },
    );
    await put('bad', 'good');
    await clock.advance(60_000);
    expect(batches).toEqual([['bad'], ['bad'], ['bad'], ['good']]);
    expect(await dead()).toEqual([
      {
        requestContext: {
          requestId: expect.any(String),
          functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:reader',
          condition: 'RetryAttemptsExhausted',
          approximateInvokeCount: 3,
        },
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        version: '1.0',
        timestamp: expect.any(String),
        DDBStreamBatchInfo: {
          shardId: expect.any(String),
          startSequenceNumber: expect.any(String),
          endSequenceNumber: expect.any(String),
          approximateArrivalOfFirstRecord: '2026-01-01T00:00:00.000Z',
          approximateArrivalOfLastRecord: '2026-01-01T00:00:00.000Z',
          batchSize: 1,
          streamArn: expect.stringContaining('table/items/stream/'),
        },
      },
    ]);
  });

  it('is split until the poison record is alone', async () => {
    const done: string[] = [];
    const { put, clock, dead } = await setUp(
      async (event) => {
        if (names(event).includes('bad')) throw new Error('poison');
        done.push(...names(event));
      },
      {
        Enabled: false,
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 1,
        DestinationConfig: { OnFailure: { Destination: deadArn } },
      },
    ).then(async (account) => {
      await account.put('a', 'b', 'bad', 'c', 'd');
      await account.lambda.send(new UpdateEventSourceMappingCommand({ UUID: account.uuid(), Enabled: true }));
      return account;
    });
    await clock.advance(60_000);
    expect(done).toEqual(['a', 'b', 'c', 'd']);
    expect((await dead()).map((record) => record.DDBStreamBatchInfo.batchSize)).toEqual([1]);
    await put('e');
    await clock.advance(0);
    expect(done.at(-1)).toBe('e');
  });

  it('continues at the lowest reported record', async () => {
    const batches: string[][] = [];
    let failing = true;
    const account = await setUp(
      async (event) => {
        batches.push(names(event));
        const from = event.Records.findIndex((record) => nameOf(record) === 'c');
        if (!failing || from === -1) return {};
        // The order of the report does not matter.
        return {
          batchItemFailures: event.Records.slice(from)
            .reverse()
            .map((record) => ({ itemIdentifier: record.dynamodb?.SequenceNumber })),
        };
      },
      { Enabled: false, FunctionResponseTypes: ['ReportBatchItemFailures'] },
    );
    await account.put('a', 'b', 'c', 'd');
    await account.lambda.send(new UpdateEventSourceMappingCommand({ UUID: account.uuid(), Enabled: true }));
    await account.clock.advance(500);
    expect(batches).toEqual([['a', 'b', 'c', 'd']]);
    failing = false;
    await account.clock.advance(60_000);
    expect(batches).toEqual([
      ['a', 'b', 'c', 'd'],
      ['c', 'd'],
    ]);
  });

  it('is retried anew behind a checkpoint that has moved', async () => {
    const batches: string[][] = [];
    const account = await setUp(
      async (event) => {
        batches.push(names(event));
        return {
          batchItemFailures: event.Records.filter((record) => nameOf(record) === 'bad').map((record) => ({
            itemIdentifier: record.dynamodb?.SequenceNumber,
          })),
        };
      },
      {
        Enabled: false,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        MaximumRetryAttempts: 3,
        DestinationConfig: { OnFailure: { Destination: deadArn } },
      },
    );
    await account.put('a', 'b', 'bad');
    await account.lambda.send(new UpdateEventSourceMappingCommand({ UUID: account.uuid(), Enabled: true }));
    await account.clock.advance(60_000);
    // As recorded: five invocations, of which the first one moved the checkpoint and does not count.
    expect(batches).toEqual([['a', 'b', 'bad'], ['bad'], ['bad'], ['bad'], ['bad']]);
    expect((await account.dead()).map((record) => record.requestContext)).toEqual([
      expect.objectContaining({ condition: 'RetryAttemptsExhausted', approximateInvokeCount: 4 }),
    ]);
  });

  it.each([
    ['a bare list', []],
    ['null', null],
    ['an empty object', {}],
    ['an empty list', { batchItemFailures: [] }],
    ['a null list', { batchItemFailures: null }],
  ])('succeeds when %s is reported', async (_what, answer) => {
    const batches: string[][] = [];
    const { put, clock } = await setUp(
      async (event) => {
        batches.push(names(event));
        return answer;
      },
      { FunctionResponseTypes: ['ReportBatchItemFailures'] },
    );
    await put('a');
    await clock.advance(60_000);
    expect(batches).toEqual([['a']]);
  });

  it('is discarded when its records are too old', async () => {
    const { put, clock, dead } = await setUp(
      async () => {
        throw new Error('down');
      },
      { MaximumRecordAgeInSeconds: 60, DestinationConfig: { OnFailure: { Destination: deadArn } } },
    );
    await put('a');
    await clock.advance(200_000);
    expect((await dead()).map((record) => record.requestContext.condition)).toEqual(['RecordAgeExceeded']);
  });
});

describe('a stream mapping', () => {
  it('continues after a restart where it was', async () => {
    const store = memoryStore();
    const seen: string[] = [];
    const before = await setUp(async (event) => void seen.push(...names(event)), {}, { store });
    await before.put('a', 'b');
    await before.clock.advance(0);
    await before.aws.close();
    await before.put('c');
    await store.committed();
    const after = await setUp(async (event) => void seen.push(...names(event)), false, {
      store,
      startMs: Date.parse('2026-01-01T01:00:00Z'),
    });
    await after.put('d');
    await after.clock.advance(0);
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
  });

  it('stops reading when it is disabled or deleted', async () => {
    const seen: string[] = [];
    const { put, clock, lambda, uuid } = await setUp(async (event) => void seen.push(...names(event)));
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID: uuid(), Enabled: false }));
    await clock.advance(0);
    expect((await lambda.send(new GetEventSourceMappingCommand({ UUID: uuid() }))).State).toBe('Disabled');
    await put('a');
    await clock.advance(1000);
    expect(seen).toEqual([]);
    await lambda.send(new DeleteEventSourceMappingCommand({ UUID: uuid() }));
    await clock.advance(0);
    await expect(lambda.send(new GetEventSourceMappingCommand({ UUID: uuid() }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('exists once for a stream and a function, and only for a stream that exists', async () => {
    const { map, uuid } = await setUp(async () => undefined);
    await expect(map()).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: expect.stringMatching(
        new RegExp(
          `^The event source arn .* provided mapping already exists. Please .* with UUID ${uuid()}$`,
        ),
      ),
    });
    const EventSourceArn =
      'arn:aws:dynamodb:us-east-1:000000000000:table/none/stream/2026-01-01T00:00:00.000';
    await expect(map({ EventSourceArn })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: `Stream not found: ${EventSourceArn}`,
    });
  });

  it('needs a starting position, and no parallelization or tumbling window', async () => {
    const { map } = await setUp(async () => undefined, { BatchSize: 1 });
    await expect(map({ StartingPosition: undefined })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
    });
    await expect(map({ StartingPosition: 'AT_TIMESTAMP' })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringMatching(
        /^Unsupported starting position for arn type: arn:aws:dynamodb:.*stream/,
      ),
    });
    await expect(map({ StartingPosition: 'invalid' as 'LATEST' })).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        "1 validation error detected: Value 'invalid' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
    });
    await expect(map({ ParallelizationFactor: 2 })).rejects.toMatchObject({
      message: expect.stringContaining('ParallelizationFactor'),
    });
    await expect(map({ TumblingWindowInSeconds: 10 })).rejects.toMatchObject({
      message: expect.stringContaining('TumblingWindowInSeconds'),
    });
  });
});
