import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { dynamodbEngines } from '../../lib/stand-in/engines/dynamodb-with-streams.ts';
import { root } from '../../lib/stand-in/engines/engine.ts';
import { testAccount } from './account.ts';

type Item = Record<string, AttributeValue>;
interface StreamRecord {
  readonly eventName: string;
  readonly dynamodb: { readonly SequenceNumber: string; readonly [member: string]: unknown };
  readonly [member: string]: unknown;
}
interface Answer {
  readonly Records: readonly StreamRecord[];
  readonly NextShardIterator?: string;
  readonly ShardIterator: string;
  readonly StreamDescription: {
    readonly Shards: readonly { readonly ShardId: string }[];
    readonly StreamStatus: string;
  };
  readonly Streams: readonly { readonly StreamArn: string }[];
}

const TableName = 'watched';

describe('streams', () => {
  let engines: ReturnType<typeof dynamodbEngines>;
  let account: ReturnType<typeof testAccount>;
  beforeEach(() => {
    engines = dynamodbEngines();
    account = testAccount(engines.builders);
  });

  async function create(StreamViewType: 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES') {
    const { TableDescription } = await account.dynamodb.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        StreamSpecification: { StreamEnabled: true, StreamViewType },
      }),
    );
    return TableDescription?.LatestStreamArn ?? '';
  }
  // The SDK's client for this service is another package, so these calls use the wire protocol directly.
  async function call(action: string, input: object): Promise<Answer> {
    const response = await account.aws.handle(
      {
        method: 'POST',
        path: '/',
        query: {},
        headers: {
          authorization: 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request',
          'x-amz-target': `DynamoDBStreams_20120810.${action}`,
        },
        body: Buffer.from(JSON.stringify(input)),
      },
      root,
    );
    const body = JSON.parse(String(response.body));
    if (response.status !== 200)
      throw Object.assign(new Error(body.message), { name: body.__type.split('#')[1] });
    return body;
  }
  async function iterator(StreamArn: string, ShardIteratorType: string, SequenceNumber?: string) {
    const { StreamDescription } = await call('DescribeStream', { StreamArn });
    const ShardId = StreamDescription.Shards[0]?.ShardId;
    const input = { StreamArn, ShardId, ShardIteratorType, SequenceNumber };
    return (await call('GetShardIterator', input)).ShardIterator;
  }
  const records = async (arn: string, type = 'TRIM_HORIZON', sequence?: string) =>
    (await call('GetRecords', { ShardIterator: await iterator(arn, type, sequence) })).Records;

  const put = (id: string, more: Item = {}) =>
    account.dynamodb.send(new PutItemCommand({ TableName, Item: { id: { S: id }, ...more } }));
  const remove = (id: string) =>
    account.dynamodb.send(new DeleteItemCommand({ TableName, Key: { id: { S: id } } }));

  it('records each change once, in order, and nothing for a write that changes nothing', async () => {
    const arn = await create('NEW_AND_OLD_IMAGES');
    await put('a', { n: { N: '1' }, set: { SS: ['x', 'y'] } });
    await put('a', { n: { N: '1.0' }, set: { SS: ['y', 'x'] } });
    await account.dynamodb.send(
      new UpdateItemCommand({
        TableName,
        Key: { id: { S: 'a' } },
        UpdateExpression: 'SET n = :n REMOVE #s',
        ExpressionAttributeNames: { '#s': 'set' },
        ExpressionAttributeValues: { ':n': { N: '2' } },
      }),
    );
    await remove('a');
    await remove('a');
    const found = await records(arn);
    expect(
      found.map((record) => [record.eventName, record.dynamodb.OldImage, record.dynamodb.NewImage]),
    ).toEqual([
      ['INSERT', undefined, { id: { S: 'a' }, n: { N: '1' }, set: { SS: ['x', 'y'] } }],
      [
        'MODIFY',
        { id: { S: 'a' }, n: { N: '1' }, set: { SS: ['x', 'y'] } },
        { id: { S: 'a' }, n: { N: '2' } },
      ],
      ['REMOVE', { id: { S: 'a' }, n: { N: '2' } }, undefined],
    ]);
    const sequences = found.map((record) => record.dynamodb.SequenceNumber);
    expect(sequences).toEqual(sequences.toSorted());
    expect(new Set(found.map((record) => record.eventID)).size).toBe(3);
    expect(found[0]).toMatchObject({
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'us-east-1',
      dynamodb: {
        Keys: { id: { S: 'a' } },
        ApproximateCreationDateTime: 1767225600,
        StreamViewType: 'NEW_AND_OLD_IMAGES',
        SizeBytes: expect.any(Number),
      },
    });
  });

  it.each([
    ['KEYS_ONLY', []],
    ['NEW_IMAGE', ['NewImage']],
    ['OLD_IMAGE', ['OldImage']],
    ['NEW_AND_OLD_IMAGES', ['NewImage', 'OldImage']],
  ] as const)('shows the images of the view %s', async (view, images) => {
    const arn = await create(view);
    await put('a');
    await put('a', { n: { N: '1' } });
    const [, modified] = await records(arn);
    expect(Object.keys(modified?.dynamodb ?? {}).filter((member) => member.endsWith('Image'))).toEqual(
      images,
    );
  });

  it('starts at the horizon, at the latest record, at a record and after one', async () => {
    const arn = await create('KEYS_ONLY');
    const tip = await iterator(arn, 'LATEST');
    for (const id of ['a', 'b', 'c']) await put(id);
    const all = await records(arn);
    const second = all[1]?.dynamodb.SequenceNumber;
    expect((await call('GetRecords', { ShardIterator: tip })).Records).toEqual(all);
    expect(await records(arn, 'LATEST')).toEqual([]);
    expect(await records(arn, 'AT_SEQUENCE_NUMBER', second)).toEqual(all.slice(1));
    expect(await records(arn, 'AFTER_SEQUENCE_NUMBER', second)).toEqual(all.slice(2));
  });

  it('pages by the limit and continues where it stopped', async () => {
    const arn = await create('KEYS_ONLY');
    for (const id of ['a', 'b', 'c']) await put(id);
    const first = await call('GetRecords', { ShardIterator: await iterator(arn, 'TRIM_HORIZON'), Limit: 2 });
    const second = await call('GetRecords', { ShardIterator: first.NextShardIterator, Limit: 2 });
    expect([first.Records.length, second.Records.length]).toEqual([2, 1]);
    await put('d');
    const third = await call('GetRecords', { ShardIterator: second.NextShardIterator });
    expect(third.Records.map((record) => record.dynamodb.Keys)).toEqual([{ id: { S: 'd' } }]);
  });

  it('returns iterators that work between two milliseconds of the clock', async () => {
    const arn = await create('KEYS_ONLY');
    await account.clock.advance(0.5);
    await put('a');
    expect(await records(arn)).toHaveLength(1);
  });

  it('keeps records for 24 hours', async () => {
    const arn = await create('KEYS_ONLY');
    await put('old');
    const old = (await records(arn))[0]?.dynamodb.SequenceNumber;
    await account.clock.advance(23 * 3_600_000);
    await put('young');
    const atOld = await iterator(arn, 'TRIM_HORIZON');
    expect(await records(arn)).toHaveLength(2);
    await account.clock.advance(3_600_001);
    await expect(iterator(arn, 'AT_SEQUENCE_NUMBER', old)).rejects.toMatchObject({
      name: 'TrimmedDataAccessException',
    });
    await expect(call('GetRecords', { ShardIterator: atOld })).rejects.toMatchObject({
      name: 'ExpiredIteratorException',
    });
    expect((await records(arn)).map((record) => record.dynamodb.Keys)).toEqual([{ id: { S: 'young' } }]);
  });

  it('rejects an iterator at a record that was trimmed in the meantime', async () => {
    const arn = await create('KEYS_ONLY');
    await put('old');
    await account.clock.advance(24 * 3_600_000 - 1000);
    const atOld = await iterator(arn, 'TRIM_HORIZON');
    await account.clock.advance(2000);
    await expect(call('GetRecords', { ShardIterator: atOld })).rejects.toMatchObject({
      name: 'TrimmedDataAccessException',
    });
  });

  it('marks the deletion of an expired item as one by the service', async () => {
    const arn = await create('NEW_AND_OLD_IMAGES');
    await account.dynamodb.send(
      new UpdateTimeToLiveCommand({
        TableName,
        TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
      }),
    );
    await put('a', { expires: { N: `${account.clock.now() / 1000 + 1}` } });
    await put('b');
    await remove('b');
    await account.clock.advance(2 * 3_600_000);
    const removals = (await records(arn)).filter((record) => record.eventName === 'REMOVE');
    expect(removals.map((record) => [record.dynamodb.Keys, record.userIdentity])).toEqual([
      [{ id: { S: 'b' } }, undefined],
      [{ id: { S: 'a' } }, { Type: 'Service', PrincipalId: 'dynamodb.amazonaws.com' }],
    ]);
  });

  it('records every write of a transaction', async () => {
    const arn = await create('KEYS_ONLY');
    await account.dynamodb.send(
      new TransactWriteItemsCommand({
        TransactItems: ['a', 'b'].map((id) => ({ Put: { TableName, Item: { id: { S: id } } } })),
      }),
    );
    expect(await records(arn)).toHaveLength(2);
  });

  it('closes the shard when the stream is disabled or the table deleted, and keeps it readable for a day', async () => {
    const arn = await create('KEYS_ONLY');
    await put('a');
    const change = (StreamSpecification: { StreamEnabled: boolean; StreamViewType?: 'KEYS_ONLY' }) =>
      account.dynamodb.send(new UpdateTableCommand({ TableName, StreamSpecification }));
    await change({ StreamEnabled: false });
    await put('unseen');
    const { StreamDescription } = await call('DescribeStream', { StreamArn: arn });
    expect(StreamDescription).toMatchObject({
      StreamStatus: 'DISABLED',
      Shards: [{ SequenceNumberRange: { EndingSequenceNumber: '100000000000000000001' } }],
    });
    const last = await call('GetRecords', { ShardIterator: await iterator(arn, 'TRIM_HORIZON') });
    expect(last.Records).toHaveLength(1);
    expect(last.NextShardIterator).toBeUndefined();

    await change({ StreamEnabled: true, StreamViewType: 'KEYS_ONLY' });
    await expect(change({ StreamEnabled: true, StreamViewType: 'KEYS_ONLY' })).rejects.toThrow(
      'Table already has an enabled stream',
    );
    await account.dynamodb.send(new DeleteTableCommand({ TableName }));
    expect((await call('ListStreams', { TableName })).Streams).toHaveLength(2);
    await account.clock.advance(26 * 3_600_000);
    expect((await call('ListStreams', { TableName })).Streams).toHaveLength(0);
    await expect(call('DescribeStream', { StreamArn: arn })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('calls the listeners once a turn, after the commit', async () => {
    const arn = await create('KEYS_ONLY');
    let told = 0;
    const unsubscribe = engines.onStreamRecords(arn, () => {
      told += 1;
    });
    await Promise.all([put('a'), put('b')]);
    await account.clock.advance(0);
    const afterTwo = told;
    expect(afterTwo).toBeGreaterThanOrEqual(1);
    expect(afterTwo).toBeLessThanOrEqual(2);
    await put('a');
    await account.clock.advance(0);
    expect(told).toBe(afterTwo);
    unsubscribe();
    await put('c');
    await account.clock.advance(0);
    expect(told).toBe(afterTwo);
  });

  it('continues the numbers after a restart, even when every record was trimmed', async () => {
    const arn = await create('KEYS_ONLY');
    await put('a');
    const before = (await records(arn))[0]?.dynamodb.SequenceNumber ?? '';
    await account.clock.advance(26 * 3_600_000);
    await account.store.committed();
    const { store } = account;
    account = testAccount(dynamodbEngines().builders, { store, startMs: account.clock.now() });
    await put('b');
    const [after, ...more] = await records(arn);
    expect(more).toEqual([]);
    expect((after?.dynamodb.SequenceNumber ?? '') > before).toBe(true);
  });
});
