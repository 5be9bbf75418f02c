import { randomUUID } from 'node:crypto';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { Pool } from 'undici';
import { writeRequest } from '../../lib/connectors/webhook/request.ts';
import { systemRandom } from '../../lib/runtime/random.ts';
import { createAws } from '../../lib/stand-in/aws.ts';
import { systemClock } from '../../lib/stand-in/clock.ts';
import { dynamodbEngines } from '../../lib/stand-in/engines/dynamodb-with-streams.ts';
import { type Host, root } from '../../lib/stand-in/engines/engine.ts';
import { createSns } from '../../lib/stand-in/engines/sns/index.ts';
import { createSqs } from '../../lib/stand-in/engines/sqs/index.ts';
import { countingMeter } from '../../lib/stand-in/meter.ts';
import { requestHandler } from '../../lib/stand-in/request-handler.ts';
import { sqliteStore } from '../../lib/stand-in/store.ts';
import { monotonicMs } from './clock.ts';
import { serve } from './worker.ts';

/** The throughput of one step of a delivery, measured alone. */
export interface Limit {
  /** Messages, posts or items per second. */
  readonly perSecond: number;
  /** CPU-seconds of this process per thousand of them. */
  readonly cpuSecondsPerThousand: number;
}

const text = 'x'.repeat(1000);
/** How many loops run at the same time: enough for a commit of the store to serve several calls, as in the bus. */
const loops = 8;

/** Repeats the work in parallel loops until the time is over. `work` resolves to how many items it did. */
async function measure(seconds: number, width: number, work: () => Promise<number>): Promise<Limit> {
  const runFor = async (milliseconds: number): Promise<number> => {
    const endMs = monotonicMs() + milliseconds;
    let done = 0;
    const loop = async () => {
      while (monotonicMs() < endMs) {
        const count = await work();
        done += count;
      }
    };
    await Promise.all(Array.from({ length: width }, loop));
    return done;
  };
  await runFor(Math.min(500, (seconds * 1000) / 2));
  const cpu = process.cpuUsage();
  const startMs = monotonicMs();
  const done = await runFor(seconds * 1000);
  const elapsedSeconds = (monotonicMs() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: done / elapsedSeconds, cpuSecondsPerThousand: (user + system) / 1e6 / (done / 1000) };
}

/** A new account: engines on a durable store, with real SDK clients connected to them. */
function openAccount(directory: string) {
  const store = sqliteStore(directory);
  const dynamodb = dynamodbEngines();
  const aws = createAws(
    {
      account: '000000000000',
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:4566',
      clock: systemClock,
      random: systemRandom,
      store,
      meter: countingMeter(),
      authorize: () => undefined,
    },
    [createSns, createSqs, ...dynamodb.builders] satisfies ((host: Host) => unknown)[],
  );
  const config = {
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: requestHandler(aws, root),
  };
  return {
    aws,
    sqs: new SQSClient({ ...config, useQueueUrlAsEndpoint: false }),
    sns: new SNSClient(config),
    dynamodb: new DynamoDBClient(config),
    async close() {
      await aws.close();
      store.close();
    },
  };
}

type Account = ReturnType<typeof openAccount>;

async function inAccount(directory: string, work: (account: Account) => Promise<Limit>): Promise<Limit> {
  const account = openAccount(directory);
  try {
    return await work(account);
  } finally {
    await account.close();
  }
}

async function createQueue({ aws }: Account): Promise<string> {
  const answer = await aws.call('sqs', 'CreateQueue', { QueueName: `limit-${randomUUID()}` }, root);
  return String(answer?.QueueUrl);
}

const ids = Array.from({ length: 10 }, (_, index) => String(index));

const actions = {
  /** Signed POSTs to the sink, as `deliver` writes them. */
  signedPosts: async ({ url, seconds }: { url: string; seconds: number }): Promise<Limit> => {
    const pool = new Pool(url, { connections: 50, pipelining: 1 });
    const keys = [Buffer.alloc(32, 1)];
    const limit = await measure(seconds, 50, async () => {
      const nowMs = Date.now();
      const { headers, body } = writeRequest({
        delivery: {
          deliveryId: `dlv_${randomUUID()}`,
          receiver: 'limit',
          topic: 'limit',
          eventId: 'limit',
          eventSource: '/limit',
          eventType: 'limit',
          traceparent: undefined,
          body: `{"data":{"sentAtMs":${monotonicMs()},"text":"${text}"}}`,
        },
        attempt: 1,
        nowMs,
        format: 'structured',
        keys,
        headers: undefined,
        traceparent: undefined,
      });
      const response = await pool.request({ method: 'POST', path: '/', headers, body });
      await response.body.dump();
      return 1;
    });
    await pool.close();
    return limit;
  },

  /** SendMessageBatch, ReceiveMessage and DeleteMessageBatch of ten; counts messages. */
  sqsCycle: ({ directory, seconds }: { directory: string; seconds: number }): Promise<Limit> =>
    inAccount(directory, async (account) => {
      const { sqs } = account;
      const QueueUrl = await createQueue(account);
      return await measure(seconds, loops, async () => {
        const Entries = ids.map((Id) => ({ Id, MessageBody: text }));
        await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
        );
        if (Messages.length === 0) return 0;
        const received = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
        await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: received }));
        return Messages.length;
      });
    }),

  /** PublishBatch of ten to a topic with one queue, which nobody receives from; counts messages. */
  snsPublish: ({ directory, seconds }: { directory: string; seconds: number }): Promise<Limit> =>
    inAccount(directory, async (account) => {
      const { aws, sns } = account;
      const queueUrl = await createQueue(account);
      const topic = await aws.call('sns', 'CreateTopic', { Name: `limit-${randomUUID()}` }, root);
      const TopicArn = String(topic?.TopicArn);
      const Endpoint = `arn:aws:sqs:us-east-1:000000000000:${queueUrl.slice(queueUrl.lastIndexOf('/') + 1)}`;
      const Attributes = { RawMessageDelivery: 'true' };
      await aws.call('sns', 'Subscribe', { TopicArn, Protocol: 'sqs', Endpoint, Attributes }, root);
      return await measure(seconds, loops, async () => {
        const PublishBatchRequestEntries = ids.map((Id) => ({ Id, Message: text }));
        await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
        return ids.length;
      });
    }),

  /** PutItem of 1 KB, over a thousand keys. */
  dynamodbPut: ({ directory, seconds }: { directory: string; seconds: number }): Promise<Limit> =>
    inAccount(directory, async ({ aws, dynamodb }) => {
      const TableName = `limit-${randomUUID()}`;
      const table = {
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      };
      await aws.call('dynamodb', 'CreateTable', table, root);
      let puts = 0;
      return await measure(seconds, loops, async () => {
        puts += 1;
        const Item = { pk: { S: `key-${puts % 1000}` }, text: { S: text } };
        await dynamodb.send(new PutItemCommand({ TableName, Item }));
        return 1;
      });
    }),
};

export type Limits = typeof actions;
serve(actions);
