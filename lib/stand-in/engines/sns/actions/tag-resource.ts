import type { Operation } from '../../engine.ts';
import { resourceNotFound } from '../errors.ts';
import { readInput, textOf } from '../input.ts';
import type { Sns } from '../sns.ts';
import { checkTagCount, readTags } from '../tags.ts';

/** https://docs.aws.amazon.com/sns/latest/api/API_TagResource.html */
export function tagResource({ state }: Sns): Operation {
  return {
    permissions: (input) => [{ action: 'sns:TagResource', resource: textOf(input, 'ResourceArn') }],
    handle(input) {
      const members = readInput('TagResource', input, { Tags: 'list' });
      members.only('ResourceArn', 'Tags');
      const tags = readTags(members);
      const topic = state.topic(members.string('ResourceArn') ?? '');
      if (topic === undefined) throw resourceNotFound();
      const tagged = { ...topic.tags, ...Object.fromEntries(tags) };
      checkTagCount(tagged);
      topic.tags = tagged;
      state.putTopic(topic);
      return {};
    },
  };
}
