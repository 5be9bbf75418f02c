import { AwsError } from '../engine.ts';
import { isObject } from '../members.ts';
import { invalidAttribute, invalidParameter, notImplemented } from './errors.ts';
import { snsLimits } from './limits.ts';

/** A message attribute as SNS and SQS exchange it; a binary value is base64. */
interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}
export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/**
 * Reads and validates message attributes. `at` is their place in the input, for error messages. Throws
 * `ParameterValueInvalid` in the words that AWS was recorded with.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
 */
export function readMessageAttributes(value: unknown, at: string): MessageAttributes {
  if (value === undefined || value === null || value === '') return {};
  if (!isObject(value)) throw invalidParameter('MessageAttributes');
  const attributes: Record<string, MessageAttribute> = {};
  for (const [name, attribute] of Object.entries(value)) {
    checkName(name);
    attributes[name] = readAttribute(name, attribute, at);
  }
  return attributes;
}

function checkName(name: string): void {
  if (name.length > snsLimits.attributeNameLength) {
    throw invalidAttribute('Length of message attribute name must be less than 256 bytes.');
  }
  if (name.startsWith('.')) {
    throw invalidAttribute("Invalid message attribute name starting with character '.' was found.");
  }
  if (name.endsWith('.')) {
    throw invalidAttribute("Invalid message attribute name ending with character '.' was found.");
  }
  const foreign = /[^A-Za-z0-9_.-]/u.exec(name)?.[0]?.codePointAt(0);
  if (foreign !== undefined) {
    throw invalidAttribute(
      `Invalid non-alphanumeric character '#x${foreign.toString(16).toUpperCase()}' was found in the message attribute name. ` +
        'Can only include alphanumeric characters, hyphens, underscores, or dots.',
    );
  }
  if (name.includes('..')) {
    throw invalidAttribute("Message attribute name can not have successive '.' character.");
  }
}

function readAttribute(name: string, attribute: unknown, at: string): MessageAttribute {
  const { DataType, StringValue, BinaryValue, ...unknown } = isObject(attribute) ? attribute : {};
  for (const member of Object.keys(unknown))
    throw notImplemented(`the member ${member} of a message attribute`);
  if (typeof DataType !== 'string') {
    throw new AwsError(
      'ValidationError',
      `1 validation error detected: Value null at '${at}.${name}.member.dataType' failed to satisfy constraint: Member must not be null`,
    );
  }
  const base = /^(String|Number|Binary)(\..+)?$/.exec(DataType)?.[1];
  if (base === undefined) {
    throw invalidAttribute(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  const empty = () =>
    invalidAttribute(
      `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${DataType}'.`,
    );
  if (StringValue === undefined && BinaryValue === undefined) throw empty();
  const field = base === 'Binary' ? 'Binary' : 'String';
  const own = field === 'Binary' ? BinaryValue : StringValue;
  const other = field === 'Binary' ? StringValue : BinaryValue;
  if (own === undefined || other !== undefined) {
    throw invalidAttribute(
      `The message attribute '${name}' with type '${DataType}' must use field '${field}'.`,
    );
  }
  if (typeof own !== 'string' || own === '') throw empty();
  if (base === 'Number' && !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(own)) {
    throw invalidAttribute(`Could not cast message attribute '${name}' value to number.`);
  }
  if (field === 'String') return { DataType, StringValue: own };
  // Node's decoder accepts anything: text that does not survive the round trip is not base64.
  if (Buffer.from(own, 'base64').toString('base64') !== own)
    throw invalidParameter(`MessageAttributes Reason: the BinaryValue of '${name}' is not base64`);
  return { DataType, BinaryValue: own };
}

/** What attributes add to the size of a message: names, types and values, in bytes. */
export function attributesBytes(attributes: MessageAttributes): number {
  let bytes = 0;
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name, 'utf8') + Buffer.byteLength(DataType, 'utf8');
    if (StringValue !== undefined) bytes += Buffer.byteLength(StringValue, 'utf8');
    if (BinaryValue !== undefined) bytes += Buffer.byteLength(BinaryValue, 'base64');
  }
  return bytes;
}
