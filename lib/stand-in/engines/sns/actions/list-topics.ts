import type { Operation } from '../../engine.ts';
import { readInput } from '../input.ts';
import { page } from '../paging.ts';
import type { Sns } from '../sns.ts';

/** https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html */
export function listTopics({ state }: Sns): Operation {
  return {
    permissions: () => [{ action: 'sns:ListTopics', resource: '*' }],
    handle(input) {
      const members = readInput('ListTopics', input);
      members.only('NextToken');
      const { items, NextToken } = page(state.topics(), ({ arn }) => arn, members.string('NextToken'));
      return { Topics: items.map(({ arn }) => ({ TopicArn: arn })), NextToken };
    },
  };
}
