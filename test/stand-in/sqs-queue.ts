import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  type QueueAttributeName,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageCommand,
  type SendMessageCommandInput,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { createSqs } from '../../lib/stand-in/engines/sqs/index.ts';
import { testAccount } from './account.ts';

export type SqsAccount = ReturnType<typeof sqsAccount>;

export const arnOf = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
export const bodiesOf = (messages: readonly Message[]) => messages.map((message) => message.Body);

/** A handle of a message, or an error that fails the test here. */
export function handleOf(message: Message | undefined): string {
  if (message?.ReceiptHandle === undefined) throw new Error('There is no message with a receipt handle.');
  return message.ReceiptHandle;
}

/** An account with SQS only, and what most tests do with a queue. */
export function sqsAccount(options: Parameters<typeof testAccount>[1] = {}) {
  const account = testAccount([createSqs], options);
  const { sqs } = account;
  return {
    ...account,
    async create(name: string, attributes: Partial<Record<QueueAttributeName, string>> = {}) {
      const { QueueUrl } = await sqs.send(
        new CreateQueueCommand({ QueueName: name, Attributes: attributes }),
      );
      if (QueueUrl === undefined) throw new Error('CreateQueue answered without a URL.');
      return QueueUrl;
    },
    set: (url: string, attributes: Partial<Record<QueueAttributeName, string>>) =>
      sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: attributes })),
    send: (url: string, body: string, more: Partial<SendMessageCommandInput> = {}) =>
      sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body, ...more })),
    async receive(url: string, more: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[]> {
      const { Messages } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, ...more }),
      );
      return Messages ?? [];
    },
    async attributes(url: string, names: readonly QueueAttributeName[] = ['All']) {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...names] }),
      );
      return Attributes ?? {};
    },
    /** Visible, in flight, delayed. */
    async counts(url: string): Promise<readonly number[]> {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
      );
      return [
        Attributes?.ApproximateNumberOfMessages,
        Attributes?.ApproximateNumberOfMessagesNotVisible,
        Attributes?.ApproximateNumberOfMessagesDelayed,
      ].map(Number);
    },
  };
}

/** The account after a restart: the same store, and nothing of its memory. */
export async function restarted(account: SqsAccount): Promise<SqsAccount> {
  await account.aws.close();
  const again = sqsAccount({ store: account.store, startMs: account.clock.now() });
  again.aws.engines.get('sqs')?.resume?.();
  return again;
}
