import { AwsError } from '../engine.ts';
import type { Members } from '../members.ts';
import { invalidParameter } from './errors.ts';
import { snsLimits } from './limits.ts';

/** Reads a list of tags. Throws `InvalidParameter` for a duplicate key. */
export function readTags(members: Members): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const tag of members.structures('Tags') ?? []) {
    tag.only('Key', 'Value');
    const key = tag.requiredString('Key');
    if (tags.has(key)) throw invalidParameter('Duplicated keys are not allowed.');
    tags.set(key, tag.string('Value') ?? '');
  }
  return tags;
}

export function checkTagCount(tags: Readonly<Record<string, string>>): void {
  if (Object.keys(tags).length > snsLimits.tags) {
    throw new AwsError('TagLimitExceeded', 'Could not complete request: tag quota of per resource exceeded');
  }
}
