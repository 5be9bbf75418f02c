import { isDeepStrictEqual } from 'node:util';
import type { PolicyDocument } from '../engine.ts';
import { invalidAttribute, misplacedAttribute, unknownAttribute } from './errors.ts';
import { limits } from './limits.ts';
import { parsePolicy } from './policy.ts';
import {
  parseRedriveAllowPolicy,
  parseRedrivePolicy,
  type RedriveAllowPolicy,
  type RedrivePolicy,
} from './redrive-policy.ts';

export type Attributes = Readonly<Record<string, string>>;

/** The attributes of a queue as the engine uses them. */
export interface QueueSettings {
  readonly visibilityTimeoutSeconds: number;
  readonly delaySeconds: number;
  readonly retentionMs: number;
  readonly waitSeconds: number;
  readonly maximumMessageSize: number;
  readonly fifo: boolean;
  readonly contentBasedDeduplication: boolean;
  readonly deduplicationPerGroup: boolean;
  readonly redrive: RedrivePolicy | undefined;
  readonly redriveAllow: RedriveAllowPolicy;
  readonly policy: PolicyDocument | undefined;
}

/** Attributes that AWS computes: read-only. */
export const computedAttributes = [
  'QueueArn',
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
] as const;

const standardDefaults: Attributes = {
  VisibilityTimeout: '30',
  MaximumMessageSize: String(limits.messageBytesMax),
  MessageRetentionPeriod: '345600',
  DelaySeconds: '0',
  ReceiveMessageWaitTimeSeconds: '0',
  SqsManagedSseEnabled: 'true',
};
const fifoDefaults: Attributes = {
  ...standardDefaults,
  FifoQueue: 'true',
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  FifoThroughputLimit: 'perQueue',
};

/** Normalises a value to the form in which AWS returns it. Throws `InvalidAttributeValue`. */
type Reader = (value: string, name: string) => string;

const readers: Readonly<Record<string, Reader>> = {
  VisibilityTimeout: within(0, limits.visibilitySecondsMax),
  MaximumMessageSize: within(limits.maximumMessageSizeMin, limits.messageBytesMax),
  MessageRetentionPeriod: within(limits.retentionSecondsMin, limits.retentionSecondsMax),
  DelaySeconds: within(0, limits.delaySecondsMax),
  ReceiveMessageWaitTimeSeconds: within(0, limits.waitSecondsMax),
  KmsDataKeyReusePeriodSeconds: within(60, 86_400),
  KmsMasterKeyId: (value) => value,
  SqsManagedSseEnabled: flag,
  FifoQueue: flag,
  ContentBasedDeduplication: flag,
  DeduplicationScope: oneOf('queue', 'messageGroup'),
  FifoThroughputLimit: oneOf('perQueue', 'perMessageGroupId'),
  RedrivePolicy: parsedBy(parseRedrivePolicy),
  RedriveAllowPolicy: parsedBy(parseRedriveAllowPolicy),
  Policy: parsedBy(parsePolicy),
};
const fifoOnly = ['FifoQueue', 'ContentBasedDeduplication', 'DeduplicationScope', 'FifoThroughputLimit'];
/** Setting one of these to the empty string removes it. */
const removable = ['RedrivePolicy', 'RedriveAllowPolicy', 'Policy', 'KmsMasterKeyId'];

export const settableAttributes: readonly string[] = Object.keys(readers);

/** The attributes of a new queue: the given ones over the defaults. */
export function createAttributes(given: Attributes): Attributes {
  const fifo = given.FifoQueue?.toLowerCase() === 'true';
  return changeAttributes(fifo ? fifoDefaults : standardDefaults, given);
}

/** The attributes after `SetQueueAttributes`. Throws, and changes nothing, when a given one is invalid. */
export function changeAttributes(current: Attributes, given: Attributes): Attributes {
  const fifo = current.FifoQueue === 'true';
  const changed: Record<string, string> = { ...current };
  for (const [name, value] of Object.entries(given)) {
    if (removable.includes(name) && value === '') delete changed[name];
    else changed[name] = readAttribute(name, value, fifo);
  }
  if (changed.FifoQueue !== current.FifoQueue) {
    throw invalidAttribute('FifoQueue', 'Modifying queue type is not supported.');
  }
  if (changed.FifoThroughputLimit === 'perMessageGroupId' && changed.DeduplicationScope !== 'messageGroup') {
    throw invalidAttribute(
      'FifoThroughputLimit',
      'perMessageGroupId is allowed only when the value for DeduplicationScope is messageGroup.',
    );
  }
  if (changed.KmsMasterKeyId !== undefined) {
    if (given.SqsManagedSseEnabled !== undefined && changed.SqsManagedSseEnabled === 'true') {
      throw misplacedAttribute(
        'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
      );
    }
    changed.SqsManagedSseEnabled = 'false';
  }
  return changed;
}

function readAttribute(name: string, value: string, fifo: boolean): string {
  const read = readers[name];
  if (read === undefined) throw unknownAttribute(name);
  if (!fifo && fifoOnly.includes(name)) {
    throw name === 'DeduplicationScope' || name === 'FifoThroughputLimit'
      ? misplacedAttribute(`You can specify the ${name} only when FifoQueue is set to true.`)
      : unknownAttribute(name);
  }
  return read(value, name);
}

export function settingsOf(attributes: Attributes): QueueSettings {
  return {
    visibilityTimeoutSeconds: Number(attributes.VisibilityTimeout),
    delaySeconds: Number(attributes.DelaySeconds),
    retentionMs: Number(attributes.MessageRetentionPeriod) * 1000,
    waitSeconds: Number(attributes.ReceiveMessageWaitTimeSeconds),
    maximumMessageSize: Number(attributes.MaximumMessageSize),
    fifo: attributes.FifoQueue === 'true',
    contentBasedDeduplication: attributes.ContentBasedDeduplication === 'true',
    deduplicationPerGroup: attributes.DeduplicationScope === 'messageGroup',
    redrive:
      attributes.RedrivePolicy === undefined ? undefined : parseRedrivePolicy(attributes.RedrivePolicy),
    redriveAllow:
      attributes.RedriveAllowPolicy === undefined
        ? { redrivePermission: 'allowAll' }
        : parseRedriveAllowPolicy(attributes.RedriveAllowPolicy),
    policy: attributes.Policy === undefined ? undefined : parsePolicy(attributes.Policy),
  };
}

/** The first of the given attributes that differs from the queue's; JSON is compared by content. */
export function differingAttribute(current: Attributes, given: Attributes): string | undefined {
  return Object.keys(given).find((name) => !isSameValue(current[name], given[name]));
}

function isSameValue(left: string | undefined, right: string | undefined): boolean {
  if (left === right || (left === undefined && right === '')) return true;
  if (left?.startsWith('{') !== true || right?.startsWith('{') !== true) {
    return left?.toLowerCase() === right?.toLowerCase();
  }
  try {
    return isDeepStrictEqual(JSON.parse(left), JSON.parse(right));
  } catch {
    // The queue holds valid JSON, so a given value that is not JSON differs.
    return false;
  }
}

function within(min: number, max: number): Reader {
  return (value, name) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max)) {
      throw invalidAttribute(name, `It must be an integer from ${min} to ${max}.`);
    }
    return String(number);
  };
}

function flag(value: string, name: string): string {
  const lower = value.toLowerCase();
  if (lower !== 'true' && lower !== 'false') throw invalidAttribute(name, 'It must be true or false.');
  return lower;
}

function oneOf(...values: readonly string[]): Reader {
  return (value, name) => {
    if (!values.includes(value)) throw invalidAttribute(name, `It must be one of ${values.join(', ')}.`);
    return value;
  };
}

/** For JSON, which AWS returns as it was given. */
function parsedBy(parse: (value: string) => unknown): Reader {
  return (value) => {
    parse(value);
    return value;
  };
}
