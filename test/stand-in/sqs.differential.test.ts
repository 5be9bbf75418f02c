import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  type MessageAttributeValue,
  type MessageSystemAttributeName,
  type QueueAttributeName,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sqsAccount } from './sqs-queue.ts';

/*
 * Generated sequences of operations run against this engine and against fauxqs, an independent stand-in of SQS; their
 * answers must be equal. fauxqs runs on the wall clock, so no operation here waits: what a receive hides stays hidden
 * for the whole sequence, or until its visibility changes. Agreement with fauxqs is evidence, but does not show what AWS
 * does; where the two disagree, recorded answers of AWS decide. Left out for that reason:
 *
 * | left out                                  | fauxqs                                | AWS, and this engine          |
 * | ChangeMessageVisibility with 0 on FIFO    | may put a message back out of order   | in its place in the group     |
 * | more than one message of a FIFO group     | returns one of a group for a receive  | returns as many as fit        |
 * | invalid receipt handles                   | accepted by deletes and changes       | ReceiptHandleIsInvalid        |
 * | changes of what is not in flight, on FIFO | succeed and do nothing                | rejected                      |
 * | a receive with VisibilityTimeout 0        | in flight until the next receive      | visible at once, in its turn  |
 * | retention, fair queues, StartMessageMoveTask, tags on CreateQueue, paging of ListQueues | missing | as documented |
 * | the receive count of a dead letter        | counts the receive that moved it      | does not                      |
 * | the digest of some message attributes     | that of all of them                   | that of the returned ones     |
 * | the prefix `bar.*` without a dot          | does not match                        | matches `bare`                |
 * | an old handle, after a newer receive      | deletes nothing or nothing known      | deletes (rejected on FIFO)    |
 * | what a FIFO entry lacks                   | fails the entry                       | fails the batch               |
 * | characters above #xFFFF                   | rejected                              | allowed                       |
 * | PurgeQueue                                | may be repeated at once, keeps        | once a minute, forgets        |
 * |                                           | deduplication ids                     | deduplication ids             |
 * | the texts of errors                       | its own                               | recorded                      |
 * | OverLimit, 12 h in total                  | missing                               | enforced                      |
 */

type Subject = { readonly client: SQSClient; readonly close: () => Promise<void> };

let fauxqs: FauxqsServer;
beforeAll(async () => {
  fauxqs = await startFauxqs({ port: 0, logger: false });
});
afterAll(() => fauxqs.stop());

function oracle(): Subject {
  const client = new SQSClient({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${fauxqs.port}`,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    useQueueUrlAsEndpoint: false,
    maxAttempts: 1,
  });
  return { client, close: async () => client.destroy() };
}

function engine(): Subject {
  const { sqs, aws } = sqsAccount();
  return { client: sqs, close: () => aws.close() };
}

/** What a caller sees of an answer, without ids, handles and times, which always differ. */
type Seen = unknown;

async function seen<T>(call: Promise<T>, look: (answer: T) => Seen): Promise<Seen> {
  try {
    return look(await call);
  } catch (error) {
    // fauxqs puts the prefix of older codes in front of codes that have none.
    if (error instanceof Error && '$fault' in error) return { rejected: error.name.split('.').at(-1) };
    throw error;
  }
}

interface Held {
  readonly handle: string;
  readonly body: string;
}

/** One queue under test, and the handles of what is in flight, oldest receive first. */
class Run {
  readonly #client: SQSClient;
  readonly #url: string;
  readonly #system: MessageSystemAttributeName[];
  readonly #held: Held[] = [];

  constructor(client: SQSClient, url: string, system: MessageSystemAttributeName[]) {
    this.#client = client;
    this.#url = url;
    this.#system = system;
  }

  send(body: string, MessageAttributes: Record<string, MessageAttributeValue>): Promise<Seen> {
    const command = new SendMessageCommand({ QueueUrl: this.#url, MessageBody: body, MessageAttributes });
    return seen(this.#client.send(command), ({ MD5OfMessageBody, MD5OfMessageAttributes }) => ({
      MD5OfMessageBody,
      MD5OfMessageAttributes,
    }));
  }

  sendBatch(entries: readonly { Id: string; MessageBody: string }[]): Promise<Seen> {
    const command = new SendMessageBatchCommand({ QueueUrl: this.#url, Entries: [...entries] });
    return seen(this.#client.send(command), ({ Successful, Failed }) => ({
      sent: (Successful ?? []).map(({ Id, MD5OfMessageBody }) => ({ Id, MD5OfMessageBody })),
      failed: (Failed ?? []).map(({ Id, Code, SenderFault }) => ({ Id, Code, SenderFault })),
    }));
  }

  sendToGroup(body: string, MessageGroupId: string, MessageDeduplicationId: string): Promise<Seen> {
    const command = new SendMessageCommand({
      QueueUrl: this.#url,
      MessageBody: body,
      MessageGroupId,
      MessageDeduplicationId,
    });
    return seen(this.#client.send(command), ({ MD5OfMessageBody }) => MD5OfMessageBody);
  }

  sendDelayed(body: string): Promise<Seen> {
    const command = new SendMessageCommand({ QueueUrl: this.#url, MessageBody: body, DelaySeconds: 900 });
    return seen(this.#client.send(command), ({ MD5OfMessageBody }) => MD5OfMessageBody);
  }

  receive(max: number): Promise<Seen> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#url,
      MaxNumberOfMessages: max,
      VisibilityTimeout: 43_200,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: this.#system,
    });
    return seen(this.#client.send(command), ({ Messages }) => {
      for (const { ReceiptHandle = '', Body = '' } of Messages ?? []) {
        this.#held.push({ handle: ReceiptHandle, body: Body });
      }
      return (Messages ?? []).map((message) => ({
        body: message.Body,
        md5: message.MD5OfBody,
        system: message.Attributes,
        attributes: message.MessageAttributes,
        attributesMd5: message.MD5OfMessageAttributes,
      }));
    });
  }

  deleteOne(pick: number): Promise<Seen> {
    const [held] = this.#release(pick, 1);
    if (held === undefined) return Promise.resolve('no message is in flight');
    const command = new DeleteMessageCommand({ QueueUrl: this.#url, ReceiptHandle: held.handle });
    return seen(this.#client.send(command), () => held.body);
  }

  deleteBatch(count: number): Promise<Seen> {
    const Entries = this.#release(0, count).map((held, index) => ({
      Id: String(index),
      ReceiptHandle: held.handle,
    }));
    const command = new DeleteMessageBatchCommand({ QueueUrl: this.#url, Entries });
    return seen(this.#client.send(command), ({ Successful, Failed }) => [
      (Successful ?? []).map(({ Id }) => Id),
      Failed ?? [],
    ]);
  }

  changeVisibility(pick: number, seconds: number): Promise<Seen> {
    const index = this.#held.length === 0 ? 0 : pick % this.#held.length;
    const held = this.#held[index];
    if (held === undefined) return Promise.resolve('no message is in flight');
    if (seconds === 0) this.#held.splice(index, 1);
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: this.#url,
      ReceiptHandle: held.handle,
      VisibilityTimeout: seconds,
    });
    return seen(this.#client.send(command), () => held.body);
  }

  counts(): Promise<Seen> {
    const command = new GetQueueAttributesCommand({
      QueueUrl: this.#url,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    });
    return seen(this.#client.send(command), ({ Attributes }) => Attributes);
  }

  #release(pick: number, count: number): Held[] {
    return this.#held.length === 0 ? [] : this.#held.splice(pick % this.#held.length, count);
  }
}

interface Step {
  readonly name: string;
  readonly act: (run: Run) => Promise<Seen>;
}
const step = (name: string, act: (run: Run) => Promise<Seen>): Step => ({ name, act });

// Without characters above #xFFFF, which only fauxqs rejects.
const text = fc
  .string({ minLength: 1, maxLength: 30, unit: 'grapheme' })
  .filter((value) => !/[\ud800-\udfff]/.test(value));
const body = fc.oneof(
  { weight: 8, arbitrary: text },
  { weight: 1, arbitrary: fc.constantFrom('\u0000', 'a\u0008', '\ufffe', 'x'.repeat(2_000)) },
);
const attributes = fc.dictionary(
  fc.constantFrom('kind', 'Size', 'raw_1', 'x-y'),
  fc.oneof(
    fc
      .string({ minLength: 1, maxLength: 12 })
      .map((StringValue): MessageAttributeValue => ({ DataType: 'String', StringValue })),
    fc.integer().map((value): MessageAttributeValue => ({ DataType: 'Number', StringValue: String(value) })),
    fc
      .uint8Array({ minLength: 1, maxLength: 12 })
      .map((BinaryValue): MessageAttributeValue => ({ DataType: 'Binary', BinaryValue })),
  ),
  { maxKeys: 3 },
);
const batchId = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 99 }).map(String) },
  { weight: 1, arbitrary: fc.constant('not:allowed') },
);
const entries = fc.array(fc.record({ Id: batchId, MessageBody: body }), { minLength: 0, maxLength: 11 });

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc
      .tuple(body, attributes)
      .map(([value, more]) => step(`send ${value.slice(0, 9)}`, (run) => run.send(value, more))),
    entries.map((batch) => step(`send a batch of ${batch.length}`, (run) => run.sendBatch(batch))),
    fc.constant(step('send delayed', (run) => run.sendDelayed('delayed'))),
    fc.integer({ min: 0, max: 11 }).map((max) => step(`receive ${max}`, (run) => run.receive(max))),
    fc.nat(20).map((pick) => step(`delete ${pick}`, (run) => run.deleteOne(pick))),
    fc.nat(12).map((count) => step(`delete a batch of ${count}`, (run) => run.deleteBatch(count))),
    fc
      .tuple(fc.nat(20), fc.constantFrom(0, 0, 600, 43_201))
      .map(([pick, seconds]) =>
        step(`hide ${pick} ${seconds}`, (run) => run.changeVisibility(pick, seconds)),
      ),
    fc.constant(step('count', (run) => run.counts())),
  ),
  { minLength: 1, maxLength: 40 },
);

/** How many sequences each test generates. A failure prints the seed that repeats it. */
const numRuns = Number(process.env.SQS_DIFFERENTIAL_RUNS ?? 30);

let queues = 0;
/** A name that no earlier sequence used, because fauxqs keeps running. */
function nextName(suffix = ''): string {
  queues += 1;
  return `q${queues}${suffix}`;
}

async function create(
  { client }: Subject,
  name: string,
  queueAttributes: Partial<Record<QueueAttributeName, string>>,
): Promise<string> {
  const { QueueUrl } = await client.send(
    new CreateQueueCommand({ QueueName: name, Attributes: queueAttributes }),
  );
  if (QueueUrl === undefined) throw new Error('CreateQueue answered without a URL.');
  return QueueUrl;
}

/** Runs one sequence on both, compares each step, and finally compares what is left. */
async function compare(
  begin: (subject: Subject, name: string) => Promise<readonly Run[]>,
  sequence: readonly Step[],
  name: string,
): Promise<void> {
  const subjects = [engine(), oracle()] as const;
  const [ours, theirs] = [await begin(subjects[0], name), await begin(subjects[1], name)];
  const last = [step('count', (run) => run.counts()), step('receive', (run) => run.receive(10))];
  for (const [index, our] of ours.entries()) {
    const their = theirs[index];
    if (their === undefined) throw new Error('The two subjects started differently.');
    for (const { name: what, act } of [...(index === 0 ? sequence : []), ...last]) {
      expect(await act(our), what).toEqual(await act(their));
    }
  }
  await Promise.all(subjects.map((subject) => subject.close()));
}

describe('generated sequences get the answers of fauxqs', () => {
  it('on a standard queue', async () => {
    const begin = async (subject: Subject, name: string) => {
      const url = await create(subject, name, { MaximumMessageSize: '1024' });
      return [new Run(subject.client, url, ['ApproximateReceiveCount'])];
    };
    await fc.assert(
      fc.asyncProperty(steps, (sequence) => compare(begin, sequence, nextName())),
      { numRuns },
    );
  });

  it('on a queue with a dead-letter queue', async () => {
    const begin = async (subject: Subject, name: string) => {
      const deadUrl = await create(subject, `${name}-dead`, {});
      const url = await create(subject, name, {
        RedrivePolicy: JSON.stringify({
          deadLetterTargetArn: `arn:aws:sqs:us-east-1:000000000000:${name}-dead`,
          maxReceiveCount: 2,
        }),
      });
      return [
        new Run(subject.client, url, ['ApproximateReceiveCount']),
        new Run(subject.client, deadUrl, []),
      ];
    };
    const redeliveries = fc.array(
      fc.oneof(
        body.map((value) => step('send', (run) => run.send(value, {}))),
        fc.integer({ min: 1, max: 10 }).map((max) => step(`receive ${max}`, (run) => run.receive(max))),
        fc.nat(20).map((pick) => step(`return ${pick}`, (run) => run.changeVisibility(pick, 0))),
        fc.nat(20).map((pick) => step(`return ${pick}`, (run) => run.changeVisibility(pick, 0))),
        fc.nat(20).map((pick) => step(`delete ${pick}`, (run) => run.deleteOne(pick))),
      ),
      { minLength: 10, maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(redeliveries, (sequence) => compare(begin, sequence, nextName())),
      { numRuns },
    );
  });

  it('on a FIFO queue, with each message in a group of its own', async () => {
    const begin = async (subject: Subject, name: string) => {
      const url = await create(subject, name, { FifoQueue: 'true' });
      return [
        new Run(subject.client, url, ['MessageGroupId', 'MessageDeduplicationId', 'ApproximateReceiveCount']),
      ];
    };
    const sends = fc.array(
      fc.oneof(
        fc
          .tuple(body, fc.nat(30), fc.uuid())
          .map(([value, id, group]) =>
            step(`send under ${id}`, (run) => run.sendToGroup(value, group, `d${id}`)),
          ),
        fc.integer({ min: 1, max: 10 }).map((max) => step(`receive ${max}`, (run) => run.receive(max))),
        fc.nat(20).map((pick) => step(`delete ${pick}`, (run) => run.deleteOne(pick))),
        fc.constant(step('count', (run) => run.counts())),
      ),
      { minLength: 10, maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(sends, (sequence) => compare(begin, sequence, nextName('.fifo'))),
      { numRuns },
    );
  });
});

describe('single calls get the answers of fauxqs', () => {
  const both = async (call: (client: SQSClient) => Promise<Seen>) => {
    const subjects = [engine(), oracle()] as const;
    const answers = [await call(subjects[0].client), await call(subjects[1].client)];
    await Promise.all(subjects.map((subject) => subject.close()));
    return answers;
  };

  it.each([
    ['ReceiveMessageWaitTimeSeconds', '21'],
    ['VisibilityTimeout', '43201'],
    ['DelaySeconds', '-1'],
    ['MaximumMessageSize', '1023'],
    ['MessageRetentionPeriod', '1209600'],
    ['MessageRetentionPeriod', '59'],
  ] as const)('CreateQueue and SetQueueAttributes with %s=%s', async (attribute, value) => {
    const name = nextName();
    const [ours, theirs] = await both(async (client) => {
      const made = await seen(
        client.send(new CreateQueueCommand({ QueueName: name, Attributes: { [attribute]: value } })),
        () => 'created',
      );
      const QueueUrl = await create({ client, close: async () => undefined }, `${name}-b`, {});
      const set = new SetQueueAttributesCommand({ QueueUrl, Attributes: { [attribute]: value } });
      const read = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [attribute] });
      return [
        made,
        await seen(client.send(set), () => 'set'),
        await seen(client.send(read), ({ Attributes }) => Attributes),
      ];
    });
    expect(ours).toEqual(theirs);
  });

  it('a second CreateQueue, with the same and with other attributes', async () => {
    const QueueName = nextName();
    const [ours, theirs] = await both(async (client) => {
      const answers: Seen[] = [];
      for (const DelaySeconds of ['1', '1', '2']) {
        const command = new CreateQueueCommand({ QueueName, Attributes: { DelaySeconds } });
        answers.push(await seen(client.send(command), ({ QueueUrl }) => QueueUrl?.split('/').at(-1)));
      }
      return answers;
    });
    expect(ours).toEqual(theirs);
    expect(ours).toEqual([QueueName, QueueName, { rejected: 'QueueNameExists' }]);
  });

  it('a queue that does not exist', async () => {
    const QueueUrl = 'http://127.0.0.1/000000000000/nowhere';
    const [ours, theirs] = await both(async (client) => [
      await seen(client.send(new GetQueueUrlCommand({ QueueName: 'nowhere' })), () => 'found'),
      await seen(client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a' })), () => 'sent'),
      await seen(client.send(new ReceiveMessageCommand({ QueueUrl })), () => 'received'),
      await seen(
        client.send(new ListQueuesCommand({ QueueNamePrefix: 'nowhere' })),
        ({ QueueUrls }) => QueueUrls ?? [],
      ),
    ]);
    expect(ours).toEqual(theirs);
  });
});
