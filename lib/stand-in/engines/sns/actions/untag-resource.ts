import type { Operation } from '../../engine.ts';
import { resourceNotFound } from '../errors.ts';
import { readInput, textOf } from '../input.ts';
import type { Sns } from '../sns.ts';

/** https://docs.aws.amazon.com/sns/latest/api/API_UntagResource.html */
export function untagResource({ state }: Sns): Operation {
  return {
    permissions: (input) => [{ action: 'sns:UntagResource', resource: textOf(input, 'ResourceArn') }],
    handle(input) {
      const members = readInput('UntagResource', input, { TagKeys: 'list' });
      members.only('ResourceArn', 'TagKeys');
      const keys = members.strings('TagKeys') ?? [];
      const topic = state.topic(members.string('ResourceArn') ?? '');
      if (topic === undefined) throw resourceNotFound();
      topic.tags = Object.fromEntries(Object.entries(topic.tags).filter(([key]) => !keys.includes(key)));
      state.putTopic(topic);
      return {};
    },
  };
}
