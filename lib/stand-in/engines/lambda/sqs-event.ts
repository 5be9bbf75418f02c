import { isObject } from '../members.ts';
import { parsePattern, wantsJsonBody } from './filter.ts';

/** A message as ReceiveMessage returns it. */
export interface Message {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly MD5OfBody: string;
  readonly MD5OfMessageAttributes?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>>;
}
interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string | Uint8Array;
}

/** The record of the event that Lambda creates for a message (the type `SQSRecord` of @types/aws-lambda). */
export interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, unknown>>;
  readonly md5OfMessageAttributes?: string;
  readonly md5OfBody: string;
  readonly eventSource: 'aws:sqs';
  readonly eventSourceARN: string;
  readonly awsRegion: string;
}

/** Creates a new record each time, so the function may modify it. */
export function recordOf(message: Message, queueArn: string, region: string): SqsRecord {
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: { ...message.Attributes },
    messageAttributes: attributesOf(message.MessageAttributes),
    ...(message.MD5OfMessageAttributes === undefined
      ? {}
      : { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    md5OfBody: message.MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: region,
  };
}

function attributesOf(given: Message['MessageAttributes']): Readonly<Record<string, unknown>> {
  const attributes: Record<string, unknown> = {};
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(given ?? {})) {
    attributes[name] = {
      ...(StringValue === undefined ? {} : { stringValue: StringValue }),
      ...(BinaryValue === undefined
        ? {}
        : {
            binaryValue:
              typeof BinaryValue === 'string' ? BinaryValue : Buffer.from(BinaryValue).toString('base64'),
          }),
      stringListValues: [],
      binaryListValues: [],
      dataType: DataType,
    };
  }
  return attributes;
}

/**
 * Compiles the filters of a mapping. A pattern over the fields of `body` gets it parsed, and drops a body that is not
 * JSON; a rule on `body` itself gets the text.
 */
export function recordFilter(filters: readonly string[]): (record: SqsRecord) => boolean {
  if (filters.length === 0) return () => true;
  const patterns = filters.map((text) => ({ matches: parsePattern(text), json: wantsJsonBody(text) }));
  return (record) =>
    patterns.some(({ matches, json }) => {
      if (!json) return matches(record);
      const body = jsonObject(record.body);
      return body !== undefined && matches({ ...record, body });
    });
}

function jsonObject(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    // A body that is not JSON matches no JSON pattern; AWS drops the message.
    return undefined;
  }
}
