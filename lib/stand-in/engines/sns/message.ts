import type { Input } from '../engine.ts';
import { isObject, type Members } from '../members.ts';
import { invalidParameter } from './errors.ts';
import { snsLimits } from './limits.ts';
import { attributesBytes, type MessageAttributes, readMessageAttributes } from './message-attributes.ts';
import type { Topic } from './state.ts';

/** A validated message, as published. */
export interface Message {
  /** What a queue gets: the message, or the SQS part of a JSON structure. */
  readonly content: string;
  readonly subject: string | undefined;
  readonly attributes: MessageAttributes;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  /** The size for limits and bills: the message as sent, with its attributes. */
  readonly bytes: number;
}

/** The members that Publish and the entries of PublishBatch share. */
export const messageMembers = [
  'Message',
  'Subject',
  'MessageStructure',
  'MessageAttributes',
  'MessageGroupId',
  'MessageDeduplicationId',
] as const;

/**
 * Reads the message attributes and what a FIFO topic needs. An error here fails a whole batch, as AWS was recorded
 * doing; an error in `readMessage` concerns one entry.
 */
export function readShared(topic: Topic, input: Input, members: Members, at: string): MessageAttributes {
  const attributes = readMessageAttributes(input.MessageAttributes, at);
  // Before the group: an entry that lacks both was recorded to fail for its structure.
  if (members.string('MessageStructure') === 'json') contentForSqs(members.string('Message') ?? '');
  const deduplicationId = members.string('MessageDeduplicationId');
  if (topic.fifo) {
    if (!members.string('MessageGroupId')) {
      throw invalidParameter('The MessageGroupId parameter is required for FIFO topics');
    }
    if (!deduplicationId && topic.attributes.ContentBasedDeduplication !== 'true') {
      throw invalidParameter(
        'The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
      );
    }
  } else if (deduplicationId !== undefined) {
    throw invalidParameter(
      'MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
    );
  }
  return attributes;
}

/** Reads one message. Throws `InvalidParameter`. */
export function readMessage(members: Members, attributes: MessageAttributes): Message {
  const subject = members.string('Subject');
  if (subject !== undefined && !isSubject(subject)) throw invalidParameter('Subject');
  const message = members.string('Message') ?? '';
  if (message === '') throw invalidParameter('Empty message');
  const structure = members.string('MessageStructure');
  if (structure !== undefined && structure !== '' && structure !== 'json')
    throw invalidParameter('MessageStructure');
  return {
    content: structure === 'json' ? contentForSqs(message) : message,
    subject,
    attributes,
    groupId: readToken(members, 'MessageGroupId', snsLimits.groupIdLength),
    deduplicationId: readToken(members, 'MessageDeduplicationId', snsLimits.deduplicationIdLength),
    bytes: messageBytes(message, attributes),
  };
}

export function messageBytes(message: string, attributes: MessageAttributes): number {
  return Buffer.byteLength(message, 'utf8') + attributesBytes(attributes);
}

/**
 * "Subjects must be UTF-8 text with no line breaks or control characters, and less than 100 characters long."
 * https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
function isSubject(subject: string): boolean {
  return subject !== '' && subject.length <= snsLimits.subjectLength && !/\p{Cc}/u.test(subject);
}

/** Up to 128 alphanumeric and punctuation characters. */
function readToken(members: Members, name: string, lengthMax: number): string | undefined {
  const token = members.string(name);
  if (token === undefined || token === '') return undefined;
  if (token.length > lengthMax || !/^[\x21-\x7e]+$/.test(token)) {
    throw invalidParameter(
      `${name} Reason: it can have up to ${lengthMax} alphanumeric characters and punctuation`,
    );
  }
  return token;
}

/** The SQS part of a structured message: under the key of the protocol, or `default`. */
function contentForSqs(message: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(message);
  } catch {
    throw invalidParameter('Message Structure - JSON message body failed to parse');
  }
  // Keys whose value is not a string are ignored.
  const parts = isObject(parsed) ? parsed : {};
  if (typeof parts.default !== 'string') {
    throw invalidParameter('Message Structure - No default entry in JSON message body');
  }
  return typeof parts.sqs === 'string' ? parts.sqs : parts.default;
}
