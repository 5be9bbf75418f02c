import { hash } from 'node:crypto';
import type { Input } from '../engine.ts';
import { rejectUnknownMembers } from '../engine.ts';
import { invalidParameter } from './errors.ts';
import { structure, text } from './input.ts';
import { limits } from './limits.ts';
import { hasForbiddenCharacters } from './message-body.ts';

/** A message attribute as on the wire: a binary value is base64. */
interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}
export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/**
 * Reads and validates the attributes of a message by the rules of
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 */
export function readMessageAttributes(input: Input): MessageAttributes | undefined {
  const map = structure(input, 'MessageAttributes');
  if (map === undefined) return undefined;
  const names = Object.keys(map);
  if (names.length === 0) return undefined;
  if (names.length > limits.messageAttributesMax) {
    throw invalidParameter(
      `Number of message attributes [${names.length}] exceeds the allowed maximum [${limits.messageAttributesMax}].`,
    );
  }
  const attributes: Record<string, MessageAttribute> = {};
  for (const name of names) {
    checkName(name);
    attributes[name] = readAttribute(map, name, 'user');
  }
  return attributes;
}

/** The only system attribute that a sender may set: the trace header of X-Ray. Its size does not count. */
export function readTraceHeader(input: Input): string | undefined {
  const map = structure(input, 'MessageSystemAttributes');
  if (map === undefined) return undefined;
  for (const name of Object.keys(map)) {
    if (name !== 'AWSTraceHeader') {
      throw invalidParameter(
        `Message system attribute name '${name}' is invalid. Valid values: [AWSTraceHeader].`,
      );
    }
  }
  if (map.AWSTraceHeader === undefined) return undefined;
  const attribute = readAttribute(map, 'AWSTraceHeader', 'system');
  if (attribute.DataType !== 'String' || attribute.StringValue === undefined) {
    throw invalidParameter("Message system attribute 'AWSTraceHeader' must be of type 'String'.");
  }
  return attribute.StringValue;
}

function readAttribute(map: Input, name: string, kind: 'user' | 'system'): MessageAttribute {
  const member = structure(map, name) ?? {};
  rejectUnknownMembers('SendMessage', member, ['DataType', 'StringValue', 'BinaryValue']);
  const type = text(member, 'DataType');
  if (type === undefined || type === '') {
    throw invalidParameter(
      `The message attribute '${name}' must contain a non-empty message attribute type.`,
    );
  }
  const base = /^(String|Number|Binary)(\..+)?$/.exec(type)?.[1];
  if (base === undefined || type.length > limits.attributeNameLengthMax) {
    throw invalidParameter(
      `The type of message (${kind}) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.`,
    );
  }
  const value = text(member, base === 'Binary' ? 'BinaryValue' : 'StringValue');
  if (value === undefined || value === '') {
    throw invalidParameter(
      `Message (${kind}) attribute '${name}' must contain a non-empty value of type '${base === 'Binary' ? 'Binary' : 'String'}'.`,
    );
  }
  if (base === 'Binary') return { DataType: type, BinaryValue: value };
  if (hasForbiddenCharacters(value)) {
    throw invalidParameter(
      `Message (${kind}) attribute '${name}' contains characters outside the allowed set.`,
    );
  }
  if (base === 'Number' && !/^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(value)) {
    throw invalidParameter(`Can't cast the value of message (${kind}) attribute '${name}' to a number.`);
  }
  return { DataType: type, StringValue: value };
}

function checkName(name: string): void {
  if (name.length > limits.attributeNameLengthMax) {
    throw invalidParameter('Message (user) attribute names must be shorter than 256 Bytes');
  }
  if (!/^[\u00c0-\u017fA-Za-z0-9_.-]+$/.test(name)) {
    throw invalidParameter(
      'Message (user) attributes name can only contain upper and lower score characters, digits, periods, hyphens and underscores. ',
    );
  }
  if (/^(aws\.|amazon\.|\.)|\.$|\.\./i.test(name)) {
    throw invalidParameter(
      "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for internal use. Additionally, they cannot start or end with '.'.",
    );
  }
}

/**
 * What attributes add to the size of a message, valid or not: name, type and value of each. A member that the engine
 * does not support is rejected here, before anything of a batch is stored.
 */
export function attributesBytes(input: Input): number {
  const map = structure(input, 'MessageAttributes');
  let bytes = 0;
  for (const name in map) {
    const attribute = structure(map, name) ?? {};
    rejectUnknownMembers('SendMessage', attribute, ['DataType', 'StringValue', 'BinaryValue']);
    bytes += Buffer.byteLength(name) + Buffer.byteLength(text(attribute, 'DataType') ?? '');
    bytes += Buffer.byteLength(text(attribute, 'StringValue') ?? '');
    bytes += Buffer.byteLength(text(attribute, 'BinaryValue') ?? '', 'base64');
  }
  return bytes;
}

/**
 * The MD5 of message attributes: sorted by name, each as length-prefixed name and type, a byte for string (1) or
 * binary (2), and the length-prefixed value.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
 */
export function attributesMd5(attributes: MessageAttributes): string {
  const text = JSON.stringify(attributes);
  const known = digests.get(text);
  if (known !== undefined) return known;
  const digest = digestOf(attributes);
  if (digests.size >= digestsMax) digests.clear();
  digests.set(text, digest);
  return digest;
}

/**
 * Messages of one kind carry the same attributes again and again, and a digest costs as much as the rest of a send.
 */
const digestsMax = 1000;
const digests = new Map<string, string>();

function digestOf(attributes: MessageAttributes): string {
  const parts: Buffer[] = [];
  const add = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  };
  for (const name of Object.keys(attributes).sort()) {
    const attribute = attributes[name];
    if (attribute === undefined) continue;
    add(Buffer.from(name));
    add(Buffer.from(attribute.DataType));
    const binary = attribute.BinaryValue !== undefined;
    parts.push(Buffer.of(binary ? 2 : 1));
    add(
      binary ? Buffer.from(attribute.BinaryValue ?? '', 'base64') : Buffer.from(attribute.StringValue ?? ''),
    );
  }
  return hash('md5', Buffer.concat(parts));
}

/**
 * The attributes that a receiver selects with `MessageAttributeNames`: exact names, `All`, `*` or `.*` for all, and
 * `bar.*` for every name that begins with `bar` (with or without a dot after it, as AWS was recorded to answer).
 */
export function selectAttributes(
  attributes: MessageAttributes,
  wanted: readonly string[],
): MessageAttributes | undefined {
  if (wanted.some((name) => name === 'All' || name === '*' || name === '.*')) return attributes;
  const prefixes = wanted.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -2));
  const chosen = Object.entries(attributes).filter(
    ([name]) => wanted.includes(name) || prefixes.some((prefix) => name.startsWith(prefix)),
  );
  return chosen.length === 0 ? undefined : Object.fromEntries(chosen);
}
