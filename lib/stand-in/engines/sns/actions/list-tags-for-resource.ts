import type { Operation } from '../../engine.ts';
import { resourceNotFound } from '../errors.ts';
import { readInput, textOf } from '../input.ts';
import type { Sns } from '../sns.ts';

/** https://docs.aws.amazon.com/sns/latest/api/API_ListTagsForResource.html */
export function listTagsForResource({ state }: Sns): Operation {
  return {
    permissions: (input) => [{ action: 'sns:ListTagsForResource', resource: textOf(input, 'ResourceArn') }],
    handle(input) {
      const members = readInput('ListTagsForResource', input);
      members.only('ResourceArn');
      const topic = state.topic(members.string('ResourceArn') ?? '');
      if (topic === undefined) throw resourceNotFound();
      return { Tags: Object.entries(topic.tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}
