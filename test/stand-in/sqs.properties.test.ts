import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Input, root } from '../../lib/stand-in/engines/engine.ts';
import { IndexedHeap } from '../../lib/stand-in/engines/sqs/heap.ts';
import { restarted, type SqsAccount, sqsAccount } from './sqs-queue.ts';

/**
 * What must hold for every sequence of sends, receives, deletes, changes of visibility, restarts and passing time.
 * The tests call the engine without the SDK client: each makes thousands of calls.
 */

interface Received {
  readonly Body: string;
  readonly ReceiptHandle: string;
  readonly Attributes: { readonly MessageGroupId: string };
}

async function call({ aws }: SqsAccount, action: string, input: Input): Promise<unknown> {
  return await aws.call('sqs', action, input, root);
}

async function receive(account: SqsAccount, QueueUrl: string, max: number): Promise<readonly Received[]> {
  const answer = await call(account, 'ReceiveMessage', {
    QueueUrl,
    MaxNumberOfMessages: max,
    MessageSystemAttributeNames: ['MessageGroupId'],
  });
  return (answer as { Messages?: readonly Received[] }).Messages ?? [];
}

type Step =
  | { readonly kind: 'send'; readonly group: number; readonly delaySeconds: number }
  | { readonly kind: 'receive'; readonly max: number }
  | { readonly kind: 'delete'; readonly pick: number }
  | { readonly kind: 'change'; readonly pick: number; readonly seconds: number }
  | { readonly kind: 'advance'; readonly seconds: number }
  | { readonly kind: 'restart' };

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        group: fc.nat(3),
        delaySeconds: fc.constantFrom(0, 0, 0, 7),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('receive' as const), max: fc.integer({ min: 1, max: 10 }) }),
    },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('delete' as const), pick: fc.nat(50) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('change' as const),
        pick: fc.nat(50),
        seconds: fc.constantFrom(0, 3, 60),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('advance' as const),
        seconds: fc.integer({ min: 1, max: 40 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  ),
  { minLength: 20, maxLength: 120 },
);

/** Runs a sequence, reporting to `onReceive` and `onDelete`. Then drains the queue, and returns what was sent. */
async function run(
  fifo: boolean,
  sequence: readonly Step[],
  watch: {
    onReceive(batch: readonly Received[]): void;
    onDelete(message: Received): void;
  },
): Promise<readonly string[]> {
  let account = sqsAccount();
  const attributes = fifo ? { FifoQueue: 'true', VisibilityTimeout: '30' } : { VisibilityTimeout: '30' };
  const url = await account.create(fifo ? 'q.fifo' : 'q', attributes);
  const sent: string[] = [];
  let held: Received[] = [];

  async function remove(message: Received): Promise<void> {
    const before = await count(account, url);
    try {
      await call(account, 'DeleteMessage', { QueueUrl: url, ReceiptHandle: message.ReceiptHandle });
    } catch (error) {
      // A FIFO queue rejects an expired handle and deletes nothing.
      if (!(error instanceof Error && error.message.includes('expired'))) throw error;
    }
    if ((await count(account, url)) < before) watch.onDelete(message);
  }

  for (const step of sequence) {
    const message = 'pick' in step && held.length > 0 ? held[step.pick % held.length] : undefined;
    if (step.kind === 'send') {
      const body = `m${sent.length}`;
      sent.push(body);
      await call(account, 'SendMessage', {
        QueueUrl: url,
        MessageBody: body,
        MessageGroupId: `g${step.group}`,
        ...(fifo ? { MessageDeduplicationId: body } : { DelaySeconds: step.delaySeconds }),
      });
    } else if (step.kind === 'receive') {
      const batch = await receive(account, url, step.max);
      watch.onReceive(batch);
      held.push(...batch);
    } else if (step.kind === 'delete' && message !== undefined) {
      held = held.filter((other) => other !== message);
      await remove(message);
    } else if (step.kind === 'change' && message !== undefined) {
      await change(account, url, message, step.seconds);
    } else if (step.kind === 'advance') {
      await account.clock.advance(step.seconds * 1_000);
    } else if (step.kind === 'restart') {
      await account.store.committed();
      account = await restarted(account);
    }
  }
  while ((await count(account, url)) > 0) {
    const batch = await receive(account, url, 10);
    watch.onReceive(batch);
    for (const message of batch) await remove(message);
    if (batch.length === 0) await account.clock.advance(60_000);
  }
  return sent;
}

async function change(
  account: SqsAccount,
  QueueUrl: string,
  message: Received,
  seconds: number,
): Promise<void> {
  const { ReceiptHandle } = message;
  try {
    await call(account, 'ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: seconds });
  } catch (error) {
    // A message that is not in flight under this handle is rejected, and does not change.
    if (!(error instanceof Error && /not in flight|not available/.test(error.message))) throw error;
  }
}

async function count(account: SqsAccount, url: string): Promise<number> {
  const { Attributes } = (await call(account, 'GetQueueAttributes', {
    QueueUrl: url,
    AttributeNames: ['All'],
  })) as { Attributes: Readonly<Record<string, string>> };
  return (
    Number(Attributes.ApproximateNumberOfMessages) +
    Number(Attributes.ApproximateNumberOfMessagesNotVisible) +
    Number(Attributes.ApproximateNumberOfMessagesDelayed)
  );
}

describe('for every sequence of operations', () => {
  it.each([false, true])('no message is lost and none is deleted twice (FIFO: %s)', async (fifo) => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const deleted: string[] = [];
        const sent = await run(fifo, sequence, {
          onReceive: () => undefined,
          onDelete: (message) => deleted.push(message.Body),
        });
        expect([...deleted].sort()).toEqual([...sent].sort());
      }),
      { numRuns: 40 },
    );
  });

  it('a FIFO group is received in order, and nothing of it while an earlier message is in flight', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        /** The bodies of each group that are not deleted yet, in the order of sending. */
        const undeleted = new Map<string, string[]>();
        let next = 0;
        for (const step of sequence) {
          if (step.kind !== 'send') continue;
          const group = undeleted.get(`g${step.group}`) ?? [];
          group.push(`m${next}`);
          undeleted.set(`g${step.group}`, group);
          next += 1;
        }
        await run(true, sequence, {
          onReceive(batch) {
            const groups = Map.groupBy(batch, (message) => message.Attributes.MessageGroupId);
            for (const [group, messages] of groups) {
              const bodies = messages.map((message) => message.Body);
              // If one before them were in flight elsewhere, it would be undeleted, and missing at the front.
              expect(undeleted.get(group)?.slice(0, bodies.length)).toEqual(bodies);
            }
          },
          onDelete(message) {
            const group = undeleted.get(message.Attributes.MessageGroupId) ?? [];
            group.splice(group.indexOf(message.Body), 1);
          },
        });
      }),
      { numRuns: 40 },
    );
  });
});

describe('the heap', () => {
  it('pops in order, whatever is pushed, removed and moved in between', () => {
    interface Item {
      key: number;
      readonly id: number;
      slot: number;
    }
    const heap = () =>
      new IndexedHeap<Item>(
        (left, right) => left.key < right.key || (left.key === right.key && left.id < right.id),
        (item) => item.slot,
        (item, slot) => {
          item.slot = slot;
        },
      );
    const operation = fc.record({
      kind: fc.constantFrom('push', 'push', 'push', 'remove', 'update', 'pop'),
      key: fc.nat(20),
      pick: fc.nat(200),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const subject = heap();
        let model: Item[] = [];
        const sorted = () => [...model].sort((left, right) => left.key - right.key || left.id - right.id);
        for (const [id, { kind, key, pick }] of operations.entries()) {
          const picked = model[pick % Math.max(1, model.length)];
          if (kind === 'push') {
            const item = { key, id, slot: -1 };
            model.push(item);
            subject.push(item);
          } else if (kind === 'remove' && picked !== undefined) {
            model = model.filter((item) => item !== picked);
            subject.remove(picked);
            expect(picked.slot).toBe(-1);
          } else if (kind === 'update' && picked !== undefined) {
            picked.key = key;
            subject.update(picked);
          } else if (kind === 'pop') {
            const [first] = sorted();
            expect(subject.pop()).toBe(first);
            model = model.filter((item) => item !== first);
          }
          expect(subject.size).toBe(model.length);
          expect(subject.peek()).toBe(sorted()[0]);
        }
      }),
    );
  });
});
