import { DeleteMessageCommand } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { deliver } from '../../../lib/app/deliver/deliver.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, shorthand, testBus } from '../bus.ts';

const url = 'https://shop.example.com/events';
const keys = ['a', 'b', 'c'] as const;

/** What happens to the bus, step by step. */
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ publish: fc.array(fc.constantFrom(...keys), { minLength: 1, maxLength: 8 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      /** The size of the batch. */
      deliver: fc.integer({ min: 1, max: 10 }),
      /** What the endpoint answers, attempt by attempt. */
      outcomes: fc.array(fc.constantFrom('success', 'failure', 'fault'), { minLength: 10, maxLength: 10 }),
      /** The call that AWS refuses meanwhile, if any. */
      refused: fc.option(
        fc.constantFrom(
          'sqs.SendMessageBatch' as const,
          'sqs.ChangeMessageVisibilityBatch' as const,
          'dynamodb.BatchWriteItem' as const,
          'dynamodb.BatchGetItem' as const,
        ),
        { nil: undefined },
      ),
      /** How many acknowledgements are lost at the end of the batch, as in a crash. */
      lost: fc.constantFrom(0, 0, 0, 1, 3, 10),
    }),
  },
  { weight: 3, arbitrary: fc.record({ waitSeconds: fc.constantFrom(1, 5, 40, 400) }) },
);

it('attempts no event while an earlier one of its key is undecided, whatever fails', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      const bus = await testBus();
      await bus.topic('orders', { ordered: true });
      await bus.receiver('shop', {
        breaker: { minimumAttempts: 10_000 },
        retry: { delaysSeconds: [5, 30], businessFailures: 'dead-letter' },
      });
      await bus.subscription('orders', 'shop');
      const published: string[] = [];
      const delivered: string[] = [];
      const dead: string[] = [];
      const overtakings: string[] = [];
      const waiting = (id: string) => !delivered.includes(id) && !dead.includes(id);

      let outcomes: string[] = [];
      bus.endpoint(url, ({ body }) => {
        const id: string = JSON.parse(String(body)).id;
        const earlier = published.slice(0, published.indexOf(id)).filter((other) => other[0] === id[0]);
        for (const other of earlier.filter(waiting)) overtakings.push(`${id} went ahead of ${other}`);
        const outcome = outcomes.shift() ?? 'success';
        if (outcome === 'fault') throw new Error('a fault of the sender');
        if (outcome === 'success' && waiting(id)) delivered.push(id);
        return outcome === 'success' ? 200 : 500;
      });
      const watchDeadLetters = () =>
        bus.intercept('sqs.SendMessageBatch', async (input, next) => {
          const answer = await next();
          if (String(input.QueueUrl).endsWith('dead-letters')) {
            for (const { MessageBody } of input.Entries as { MessageBody: string }[]) {
              dead.push(JSON.parse(MessageBody).id);
            }
          }
          return answer;
        });
      watchDeadLetters();

      const runBatch = async (size: number, lost: number) => {
        const messages = await bus.receive(bus.urlOf('shop', 'ordered'), size);
        if (messages.length === 0) return 0;
        const kept = await deliver(bus.newTools(), { receiver: 'shop', role: 'ordered', messages });
        const done = messages.filter(({ messageId }) => !kept.includes(messageId));
        for (const { receiptHandle } of done.slice(0, Math.max(0, done.length - lost))) {
          await bus.sqs.send(
            new DeleteMessageCommand({
              QueueUrl: bus.urlOf('shop', 'ordered'),
              ReceiptHandle: receiptHandle,
            }),
          );
        }
        return messages.length;
      };

      for (const each of steps) {
        if ('publish' in each) {
          const events = each.publish.map((key, index) => {
            const id = `${key}${published.length + index}`;
            return { type: 't', id, subject: key, data: {} };
          });
          published.push(...events.map(({ id }) => id));
          await publish(bus.tools, admin, { topic: 'orders' }, shorthand(events));
        } else if ('waitSeconds' in each) {
          await bus.clock.advance(each.waitSeconds * 1000);
        } else {
          outcomes = [...each.outcomes];
          if (each.refused !== undefined) {
            bus.intercept(each.refused, () => {
              throw new AwsError('ServiceUnavailable', 'Not now', { status: 503 });
            });
          }
          await runBatch(each.deliver, each.lost);
          if (each.refused === 'sqs.SendMessageBatch') watchDeadLetters();
          else if (each.refused !== undefined) bus.restore(each.refused);
        }
      }
      // In the end everything works, and nothing was lost.
      outcomes = [];
      for (let idle = 0; idle < 3; ) {
        idle = (await runBatch(10, 0)) === 0 ? idle + 1 : 0;
        await bus.clock.advance(400_000);
      }
      expect(overtakings).toEqual([]);
      expect(published.filter(waiting)).toEqual([]);
      for (const key of keys) {
        const inOrder = (ids: readonly string[]) => ids.filter((id) => id[0] === key);
        const firsts = inOrder(delivered);
        expect(firsts).toEqual(inOrder(published).filter((id) => firsts.includes(id)));
      }
      await bus.aws.close();
    }),
    { numRuns: 40 },
  );
}, 120_000);
