import type { Input, Operation, Output } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { invalidValue, unknownAttribute } from '../errors.ts';
import { integer, texts } from '../input.ts';
import { limits } from '../limits.ts';
import type { Message } from '../message.ts';
import { attributesMd5, selectAttributes } from '../message-attributes.ts';
import type { Queue } from '../queue.ts';
import { computedAttributes, settableAttributes } from '../queue-attributes.ts';
import type { Sqs } from '../sqs.ts';

const systemAttributes = [
  'All',
  'SenderId',
  'SentTimestamp',
  'ApproximateReceiveCount',
  'ApproximateFirstReceiveTimestamp',
  'SequenceNumber',
  'MessageDeduplicationId',
  'MessageGroupId',
  'AWSTraceHeader',
  'DeadLetterQueueSourceArn',
];

/** Receives up to ten messages, and waits for them up to `WaitTimeSeconds`. An abort ends the wait with none. */
export function receiveMessage(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('ReceiveMessage', input)],
    handle(input, caller, signal) {
      rejectUnknownMembers('ReceiveMessage', input, [
        'QueueUrl',
        'AttributeNames',
        'MessageSystemAttributeNames',
        'MessageAttributeNames',
        'MaxNumberOfMessages',
        'VisibilityTimeout',
        'WaitTimeSeconds',
      ]);
      const queue = sqs.queueOf(input);
      const request = readRequest(input);
      const answer = (messages: readonly Message[]): Output => {
        sqs.bill(
          caller,
          queue,
          messages.reduce((sum, message) => sum + message.row.bytes, 0),
        );
        if (messages.length === 0) return {};
        return { Messages: messages.map((message) => present(message, queue, request)) };
      };
      const waitSeconds = request.waitSeconds ?? queue.settings.waitSeconds;
      const messages = queue.poll(request, waitSeconds * 1000, signal);
      return messages instanceof Promise ? messages.then(answer) : answer(messages);
    },
  };
}

interface ReceiveRequest {
  readonly max: number;
  readonly visibilitySeconds: number | undefined;
  readonly waitSeconds: number | undefined;
  readonly systemNames: readonly string[];
  readonly attributeNames: readonly string[];
}

function readRequest(input: Input): ReceiveRequest {
  const max = integer(input, 'MaxNumberOfMessages') ?? 1;
  if (max < 1 || max > limits.receiveMessagesMax) {
    throw invalidValue(max, 'MaxNumberOfMessages', 'Must be between 1 and 10, if provided.');
  }
  const waitSeconds = integer(input, 'WaitTimeSeconds');
  if (waitSeconds !== undefined && (waitSeconds < 0 || waitSeconds > limits.waitSecondsMax)) {
    throw invalidValue(waitSeconds, 'WaitTimeSeconds', 'Must be >= 0 and <= 20, if provided.');
  }
  return {
    max,
    visibilitySeconds: readVisibilitySeconds(input),
    waitSeconds,
    systemNames: readSystemNames(input),
    attributeNames: texts(input, 'MessageAttributeNames') ?? [],
  };
}

/** Reads the `VisibilityTimeout` of a receive or of a change. */
export function readVisibilitySeconds(input: Input): number | undefined {
  const seconds = integer(input, 'VisibilityTimeout');
  if (seconds !== undefined && (seconds < 0 || seconds > limits.visibilitySecondsMax)) {
    throw invalidValue(seconds, 'VisibilityTimeout', 'Must be between 0 and 43200, if provided.');
  }
  return seconds;
}

/** The newer `MessageSystemAttributeNames`, and the older `AttributeNames`, which may also name queue attributes. */
function readSystemNames(input: Input): readonly string[] {
  const names = texts(input, 'MessageSystemAttributeNames') ?? [];
  const olderNames = texts(input, 'AttributeNames') ?? [];
  if (names.length === 0 && olderNames.length === 0) return names;
  for (const name of names) {
    if (!systemAttributes.includes(name)) throw unknownAttribute(name);
  }
  for (const name of olderNames) {
    if (
      !systemAttributes.includes(name) &&
      !settableAttributes.includes(name) &&
      !computedAttributes.some((computed) => computed === name)
    ) {
      throw unknownAttribute(name);
    }
  }
  return [...names, ...olderNames];
}

function present(message: Message, queue: Queue, request: ReceiveRequest): Readonly<Record<string, unknown>> {
  const { row } = message;
  const presented: Record<string, unknown> = {
    MessageId: row.id,
    ReceiptHandle: queue.handleOf(message),
    MD5OfBody: row.bodyMd5,
    Body: row.body,
  };
  if (request.systemNames.length > 0) {
    const chosen = chooseSystemAttributes(message, request.systemNames);
    if (chosen !== undefined) presented.Attributes = chosen;
  }
  if (row.attributes !== undefined && request.attributeNames.length > 0) {
    const chosen = selectAttributes(row.attributes, request.attributeNames);
    if (chosen !== undefined) {
      presented.MessageAttributes = chosen;
      // The digest covers what is returned, not what was sent.
      presented.MD5OfMessageAttributes =
        chosen === row.attributes ? row.attributesMd5 : attributesMd5(chosen);
    }
  }
  return presented;
}

function chooseSystemAttributes(
  message: Message,
  names: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const { row } = message;
  const all: Readonly<Record<string, string | undefined>> = {
    SenderId: row.senderId,
    SentTimestamp: String(row.sentMs),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs),
    SequenceNumber: row.sequenceNumber,
    MessageDeduplicationId: row.deduplicationId,
    MessageGroupId: row.groupId,
    AWSTraceHeader: row.traceHeader,
    DeadLetterQueueSourceArn: row.deadLetterSourceArn,
  };
  const wantsAll = names.includes('All');
  const chosen: Record<string, string> = {};
  let some = false;
  for (const name in all) {
    const value = all[name];
    if (value === undefined || !(wantsAll || names.includes(name))) continue;
    chosen[name] = value;
    some = true;
  }
  return some ? chosen : undefined;
}
