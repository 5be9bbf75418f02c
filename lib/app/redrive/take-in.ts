import { readDeadLetter } from '../../core/redrive/dead-letter.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { DeadLetterQueues, DeadLetterRole } from '../../runtime/aws/dead-letter-queue.ts';
import type { Tools } from '../../runtime/tools.ts';

/** A lifetime of a receiver: what it had before its name was created again is not its own. */
export type LetterOwner = Pick<Receiver, 'receiver' | 'incarnation'>;

export type TakeInTools = Tools<'deadLetterQueues' | 'deadLetters'>;

/** How long a message is hidden while it is written to the table; after a crash it comes back then. */
const hideSeconds = 60;
/** A call mostly waits, so several at a time are several times as fast. */
const readers = 4;
/** A queue may return nothing although it has messages: SQS asks only some of its servers. */
const emptyAnswersMax = 5;

/**
 * Moves dead letters from the queue of a receiver into the table, where they can be listed and selected: those that the
 * bus moved there, and those of SQS and SNS. A letter leaves the queue only when the table has it.
 * @returns whether the queue was emptied in time.
 */
export async function takeIn(tools: TakeInTools, receiver: LetterOwner, untilMs: number): Promise<boolean> {
  const answers = await Promise.all([
    ...Array.from({ length: readers }, () => readUntilEmpty(tools, receiver, 'dead-letters', untilMs)),
    // Few letters come here, if any.
    readUntilEmpty(tools, receiver, 'ordered-dead-letters', untilMs),
  ]);
  return answers.every((isEmpty) => isEmpty);
}

async function readUntilEmpty(
  tools: TakeInTools,
  receiver: LetterOwner,
  role: DeadLetterRole,
  untilMs: number,
): Promise<boolean> {
  let emptyAnswers = 0;
  while (tools.clock.now() < untilMs) {
    const messages = await tools.deadLetterQueues.receive(receiver.receiver, role, hideSeconds);
    if (messages.length > 0) {
      emptyAnswers = 0;
      await keep(tools, receiver, role, messages);
      continue;
    }
    emptyAnswers += 1;
    const { ready } = await tools.deadLetterQueues.count(receiver.receiver, role);
    if (ready === 0 || emptyAnswers === emptyAnswersMax) return true;
  }
  return false;
}

async function keep(
  tools: TakeInTools,
  receiver: LetterOwner,
  role: DeadLetterRole,
  messages: Awaited<ReturnType<DeadLetterQueues['receive']>>,
): Promise<void> {
  const kept = await tools.deadLetters.put(
    receiver,
    messages.map((message) => readDeadLetter(receiver.receiver, message)),
    tools.clock.now(),
  );
  for (const [index, message] of messages.entries()) {
    if (kept[index] !== true) {
      tools.log('error', 'A dead letter is too large to be listed and stays in its queue', {
        receiver: receiver.receiver,
        messageId: message.messageId,
      });
    }
  }
  const done = messages.filter((_, index) => kept[index] === true);
  const failures = await tools.deadLetterQueues.delete(
    receiver.receiver,
    role,
    done.map(({ receiptHandle }) => receiptHandle),
  );
  for (const failure of failures) {
    // It is taken in again under the same key.
    if (failure !== undefined) {
      tools.log('warn', 'A dead letter could not be deleted from its queue', {
        receiver: receiver.receiver,
        reason: failure.reason,
      });
    }
  }
}
