import {
  AwsError,
  type Caller,
  type Engine,
  type Host,
  type Input,
} from '../../lib/stand-in/engines/engine.ts';
import { createSns } from '../../lib/stand-in/engines/sns/index.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { testAccount } from './account.ts';

interface Sent {
  readonly queue: string;
  readonly input: Input;
  readonly caller: Caller;
}

/** Queues that only record what they are sent, and reject it when a test says so. */
export function recordingQueues() {
  const sent: Sent[] = [];
  const errors = new Map<string, AwsError>();
  let answersLater = false;
  return {
    sent,
    /** Makes a queue reject everything until it is healed. */
    reject: (queue: string, error: AwsError) => void errors.set(queue, error),
    heal: (queue: string) => void errors.delete(queue),
    /** Makes the queues answer in a later turn. */
    answerLater: () => {
      answersLater = true;
    },
    bodies: (queue: string) =>
      sent.filter((one) => one.queue === queue).map(({ input }) => input.MessageBody),
    build: (host: Host): Engine => ({
      service: 'sqs',
      operations: {
        SendMessage: {
          permissions: (input) => [{ action: 'sqs:SendMessage', resource: String(input.QueueUrl) }],
          handle(input, caller) {
            const queue = String(input.QueueUrl).split('/').at(-1) ?? '';
            const take = () => {
              const error = errors.get(queue);
              if (error !== undefined) throw error;
              sent.push({ queue, input, caller });
              host.store.put('recorded', String(sent.length), input.MessageBody);
              return { MessageId: String(sent.length) };
            };
            return answersLater ? Promise.resolve().then(take) : take();
          },
        },
      },
    }),
  };
}

/** An account with SNS and recording queues. Pass a `store` that was used before to see a restart. */
export function snsAccount(options: Parameters<typeof testAccount>[1] = {}) {
  const queues = recordingQueues();
  const store = options.store ?? memoryStore();
  const account = testAccount([queues.build, createSns], { ...options, store });
  account.aws.engines.get('sns')?.resume?.();
  return { ...account, queues };
}

export const queueArn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
export const topicArn = (name: string) => `arn:aws:sns:us-east-1:000000000000:${name}`;

/** The errors of a queue that cannot take a message now, and of one that never will. */
export const unavailable = () => new AwsError('ServiceUnavailable', 'Try later.', { status: 503 });
export const gone = () => new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
