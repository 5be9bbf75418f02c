import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { invalidParameter, missingParameter } from '../errors.ts';
import { textMap } from '../input.ts';
import { limits } from '../limits.ts';
import type { Sqs } from '../sqs.ts';

export function tagQueue(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('TagQueue', input)],
    handle(input, caller) {
      rejectUnknownMembers('TagQueue', input, ['QueueUrl', 'Tags']);
      const queue = sqs.queueOf(input);
      const given = textMap(input, 'Tags');
      if (given === undefined) throw missingParameter('Tags');
      const tags = { ...queue.row.tags, ...given };
      checkTags(tags);
      sqs.bill(caller, queue, 0);
      queue.row.tags = tags;
      queue.save();
      return {};
    },
  };
}

export function checkTags(tags: Readonly<Record<string, string>>): void {
  const entries = Object.entries(tags);
  if (entries.length > limits.tagsMax) {
    throw invalidParameter(`A queue can have at most ${limits.tagsMax} tags.`);
  }
  for (const [key, value] of entries) {
    if (key.length < 1 || key.length > 128 || value.length > 256) {
      throw invalidParameter('A tag key has 1 to 128 characters, and a tag value 0 to 256.');
    }
  }
}
