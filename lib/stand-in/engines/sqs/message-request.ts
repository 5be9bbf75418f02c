import { hash } from 'node:crypto';
import type { Caller, Input } from '../engine.ts';
import { invalidMessageContents, invalidParameter, invalidValue, missingParameter } from './errors.ts';
import { integer, requiredText, text } from './input.ts';
import { limits } from './limits.ts';
import {
  attributesBytes,
  attributesMd5,
  type MessageAttributes,
  readMessageAttributes,
  readTraceHeader,
} from './message-attributes.ts';
import { hasForbiddenCharacters } from './message-body.ts';

/** The members that SendMessage and an entry of SendMessageBatch share. */
export const messageMembers = [
  'MessageBody',
  'DelaySeconds',
  'MessageAttributes',
  'MessageSystemAttributes',
  'MessageGroupId',
  'MessageDeduplicationId',
] as const;

/** A validated message that a sender asks to store. */
export interface MessageRequest {
  readonly body: string;
  readonly bodyMd5: string;
  readonly attributes: MessageAttributes | undefined;
  readonly attributesMd5: string | undefined;
  readonly traceHeader: string | undefined;
  readonly senderId: string;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  /** Undefined uses the delay of the queue. */
  readonly delaySeconds: number | undefined;
  /** Body and attributes. */
  readonly bytes: number;
}

/** The rules of the queue for the messages that it accepts. */
export interface MessageRules {
  readonly fifo: boolean;
  readonly maximumMessageSize: number;
  readonly contentBasedDeduplication: boolean;
}

/** The size of a message, before it is validated. */
export function requestBytes(input: Input): number {
  return Buffer.byteLength(text(input, 'MessageBody') ?? '') + attributesBytes(input);
}

export function readMessage(input: Input, rules: MessageRules, caller: Caller): MessageRequest {
  const body = requiredText(input, 'MessageBody');
  if (body === '') throw missingParameter('MessageBody');
  if (hasForbiddenCharacters(body)) throw invalidMessageContents();
  const bytes = requestBytes(input);
  if (bytes > rules.maximumMessageSize) {
    throw invalidParameter(
      `One or more parameters are invalid. Reason: Message must be shorter than ${rules.maximumMessageSize} bytes.`,
    );
  }
  const attributes = readMessageAttributes(input);
  const groupId = readGroupId(input, rules);
  const deduplicationId = readDeduplicationId(input, rules, body);
  return {
    body,
    bodyMd5: hash('md5', body),
    attributes,
    attributesMd5: attributes === undefined ? undefined : attributesMd5(attributes),
    traceHeader: readTraceHeader(input),
    senderId: senderIdOf(caller),
    groupId,
    deduplicationId,
    delaySeconds: readDelay(input, rules),
    bytes,
  };
}

function readDelay(input: Input, rules: MessageRules): number | undefined {
  const delaySeconds = integer(input, 'DelaySeconds');
  if (delaySeconds === undefined) return undefined;
  if (delaySeconds < 0 || delaySeconds > limits.delaySecondsMax) {
    throw invalidValue(delaySeconds, 'DelaySeconds', 'DelaySeconds must be >= 0 and <= 900.');
  }
  // A FIFO queue has one delay for all messages; AWS accepts an explicit 0, and ignores it.
  if (rules.fifo && delaySeconds !== 0) {
    throw invalidValue(
      delaySeconds,
      'DelaySeconds',
      'The request include parameter that is not valid for this queue type.',
    );
  }
  return rules.fifo ? undefined : delaySeconds;
}

/** On a standard queue, a group makes the queue a fair one. */
function readGroupId(input: Input, rules: MessageRules): string | undefined {
  const groupId = text(input, 'MessageGroupId');
  if (groupId === undefined && rules.fifo) throw missingParameter('MessageGroupId');
  checkToken(groupId, 'MessageGroupId');
  return groupId;
}

function readDeduplicationId(input: Input, rules: MessageRules, body: string): string | undefined {
  const deduplicationId = text(input, 'MessageDeduplicationId');
  checkToken(deduplicationId, 'MessageDeduplicationId');
  if (!rules.fifo) {
    if (deduplicationId === undefined) return undefined;
    throw invalidValue(
      deduplicationId,
      'MessageDeduplicationId',
      'The request includes a parameter that is not valid for this queue type.',
    );
  }
  if (deduplicationId !== undefined) return deduplicationId;
  if (!rules.contentBasedDeduplication) throw deduplicationIdIsMissing();
  return hash('sha256', body);
}

export const deduplicationIdIsMissing = () =>
  invalidParameter(
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );

function checkToken(token: string | undefined, parameter: string): void {
  if (token === undefined || /^[!-~]{1,128}$/.test(token)) return;
  throw invalidValue(
    token,
    parameter,
    `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

/** AWS uses the id of the user or role; here it is the account, the name of the role, or the service. */
function senderIdOf(caller: Caller): string {
  switch (caller.kind) {
    case 'role':
      return caller.roleArn.slice(caller.roleArn.lastIndexOf('/') + 1);
    case 'service':
      return caller.service;
    case 'root':
      return 'root';
  }
}
