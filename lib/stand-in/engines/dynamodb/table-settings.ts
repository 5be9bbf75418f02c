import { type Host, type Input, rejectUnknownMembers } from '../engine.ts';
import type { Encryption } from './definition.ts';
import { validation } from './errors.ts';
import {
  optionalBoolean,
  optionalChoice,
  optionalRecord,
  optionalString,
  requireRecord,
  requireString,
} from './input.ts';
import type { StreamViewType } from './stream-log.ts';

/** Readers of the settings that CreateTable and UpdateTable share. */

/** `StreamSpecification`: the view type of a stream to enable, false to disable it, undefined to leave it. */
export function readStream(input: Input): StreamViewType | false | undefined {
  const specification = optionalRecord(input, 'StreamSpecification');
  if (specification === undefined) return undefined;
  rejectUnknownMembers('StreamSpecification', specification, ['StreamEnabled', 'StreamViewType']);
  const viewType = optionalChoice(specification, 'StreamViewType', [
    'NEW_IMAGE',
    'OLD_IMAGE',
    'NEW_AND_OLD_IMAGES',
    'KEYS_ONLY',
  ]);
  if (optionalBoolean(specification, 'StreamEnabled') !== true) {
    if (viewType !== undefined) {
      throw validation(
        'One or more parameter values were invalid: StreamViewType must not be specified when StreamEnabled is false',
      );
    }
    return false;
  }
  if (viewType === undefined) {
    throw validation(
      'One or more parameter values were invalid: StreamViewType must be specified when StreamEnabled is true',
    );
  }
  return viewType;
}

/** `SSESpecification`: stored and shown, but nothing is encrypted. */
export function readEncryption(host: Host, input: Input): Encryption | false | undefined {
  const specification = optionalRecord(input, 'SSESpecification');
  if (specification === undefined) return undefined;
  rejectUnknownMembers('SSESpecification', specification, ['Enabled', 'SSEType', 'KMSMasterKeyId']);
  optionalChoice(specification, 'SSEType', ['KMS']);
  if (optionalBoolean(specification, 'Enabled') !== true) return false;
  const key = optionalString(specification, 'KMSMasterKeyId') ?? 'alias/aws/dynamodb';
  const prefix = `arn:aws:kms:${host.region}:${host.account}:`;
  const name = key.startsWith('alias/') ? key : `key/${key}`;
  return { keyArn: key.startsWith('arn:') ? key : `${prefix}${name}` };
}

export const tableClasses = ['STANDARD', 'STANDARD_INFREQUENT_ACCESS'] as const;
export const billingModes = ['PROVISIONED', 'PAY_PER_REQUEST'] as const;

export function readTags(list: readonly unknown[]): Readonly<Record<string, string>> {
  const tags: Record<string, string> = {};
  for (const entry of list) {
    const tag = requireRecord(entry, 'Tags');
    rejectUnknownMembers('Tag', tag, ['Key', 'Value']);
    tags[requireString(tag, 'Key')] = requireString(tag, 'Value');
  }
  return tags;
}
