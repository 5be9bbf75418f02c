import { enteredAtMs } from '../../core/deliver/offload.ts';
import { readDeadLetter, unwrapped } from '../../core/redrive/dead-letter.ts';
import { dropOf } from '../../core/registry/drop.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { incarnationAttribute } from '../../core/routing/routing.ts';
import type { DeadLetterRole } from '../../runtime/aws/dead-letter-queue.ts';
import type { ReceivedMessage } from '../../runtime/aws/queue-messages.ts';
import type { Tools } from '../../runtime/tools.ts';
import type { KeepRefusedTools } from '../refused/keep-refused.ts';
import { fannedOutBy, refuseIfMisdirected, standingTopics } from '../refused/misdirected.ts';
import { countDrop } from '../registry/count-drop.ts';

/** A lifetime of a receiver: what it had before its name was created again is not its own. */
export type LetterOwner = Pick<Receiver, 'receiver' | 'incarnation'>;

export type TakeInTools = Tools<'deadLetterQueues' | 'deadLetters' | 'registry' | 'skips'> & KeepRefusedTools;

/** How long a message is hidden while it is written to the table; after a crash it comes back then. */
const hideSeconds = 60;
/** A call mostly waits, so several at a time are several times as fast. */
const readers = 4;
/** A queue may return nothing although it has messages: SQS asks only some of its servers. */
const emptyAnswersMax = 5;

/**
 * Moves dead letters from the queue of a receiver into the table, where they can be listed and selected: those that the
 * bus moved there, and those of SQS and SNS. Of the latter, which `deliver` never looked at, those that are meant for an
 * earlier lifetime of their topic or receiver are listed as refused for who published them instead, and those are dropped
 * whose subscription was revoked so. A letter leaves the queue only when it is listed in one of the two places, or counted
 * as dropped.
 * @returns whether the queue was emptied in time.
 */
export async function takeIn(tools: TakeInTools, receiver: Receiver, untilMs: number): Promise<boolean> {
  const answers = await Promise.all([
    ...Array.from({ length: readers }, () => readUntilEmpty(tools, receiver, 'dead-letters', untilMs)),
    // Few letters come here, if any.
    readUntilEmpty(tools, receiver, 'ordered-dead-letters', untilMs),
  ]);
  return answers.every((isEmpty) => isEmpty);
}

async function readUntilEmpty(
  tools: TakeInTools,
  receiver: Receiver,
  role: DeadLetterRole,
  untilMs: number,
): Promise<boolean> {
  let emptyAnswers = 0;
  while (tools.clock.now() < untilMs) {
    const messages = await tools.deadLetterQueues.receive(receiver.receiver, role, hideSeconds);
    if (messages.length > 0) {
      emptyAnswers = 0;
      await sortLetters(tools, receiver, role, messages);
      continue;
    }
    emptyAnswers += 1;
    const { ready } = await tools.deadLetterQueues.count(receiver.receiver, role);
    if (ready === 0 || emptyAnswers === emptyAnswersMax) return true;
  }
  return false;
}

/** What cannot be judged or listed now comes back when its visibility ends. */
async function sortLetters(
  tools: TakeInTools,
  receiver: Receiver,
  role: DeadLetterRole,
  messages: readonly ReceivedMessage[],
): Promise<void> {
  const letters = messages.map((message) => ({ message, unwrapped: { ...message, ...unwrapped(message) } }));
  // What the bus moved names no incarnation: it was compared before.
  const naming = letters.filter(({ unwrapped: { attributes } }) => incarnationAttribute in attributes);
  const standing = await standingTopics(
    tools,
    naming.map(({ unwrapped: letter }) => letter),
  );
  const gone: ReceivedMessage[] = [];
  const own: ReceivedMessage[] = [];
  for (const { message, unwrapped: letter } of letters) {
    const topic = fannedOutBy(letter);
    if (topic !== undefined && incarnationAttribute in letter.attributes && !standing.has(topic)) continue;
    try {
      const found = topic === undefined ? undefined : standing.get(topic);
      const isGone =
        (await refuseIfMisdirected(tools, letter, receiver, found)) ||
        (await dropIfRevoked(tools, letter, receiver));
      (isGone ? gone : own).push(message);
    } catch (error) {
      const reason = String(error);
      tools.log('error', 'A refused or dropped event could not be kept', {
        receiver: receiver.receiver,
        topic,
        reason,
      });
    }
  }
  if (own.length > 0) await keep(tools, receiver, role, own);
  if (gone.length > 0) await remove(tools, receiver, role, gone);
}

/** What `deliver` never saw, as SQS or SNS moved it, is dropped here. What the bus moved was sent before. */
async function dropIfRevoked(
  tools: TakeInTools,
  letter: ReceivedMessage,
  receiver: Receiver,
): Promise<boolean> {
  if (!(incarnationAttribute in letter.attributes)) return false;
  const drop = dropOf(receiver, fannedOutBy(letter), enteredAtMs(letter));
  if (drop === undefined) return false;
  await countDrop(tools, receiver.receiver, drop, [letter]);
  return true;
}

async function keep(
  tools: TakeInTools,
  receiver: Receiver,
  role: DeadLetterRole,
  messages: readonly ReceivedMessage[],
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
  await remove(tools, receiver, role, done);
}

/** One that cannot be deleted comes again, and is listed again under the same key. */
async function remove(
  tools: TakeInTools,
  receiver: Receiver,
  role: DeadLetterRole,
  done: readonly ReceivedMessage[],
): Promise<void> {
  const failures = await tools.deadLetterQueues.delete(
    receiver.receiver,
    role,
    done.map(({ receiptHandle }) => receiptHandle),
  );
  for (const failure of failures) {
    if (failure !== undefined) {
      tools.log('warn', 'A dead letter could not be deleted from its queue', {
        receiver: receiver.receiver,
        reason: failure.reason,
      });
    }
  }
}
