import type { Operation } from '../../engine.ts';
import { checkArn } from '../arn.ts';
import { readInput, textOf } from '../input.ts';
import type { Sns } from '../sns.ts';

/**
 * Deletes a topic with its subscriptions. Deleting an unknown topic does nothing.
 * https://docs.aws.amazon.com/sns/latest/api/API_DeleteTopic.html
 */
export function deleteTopic({ host, state, deduplication }: Sns): Operation {
  return {
    permissions: (input) => [{ action: 'sns:DeleteTopic', resource: textOf(input, 'TopicArn') }],
    handle(input) {
      const members = readInput('DeleteTopic', input);
      members.only('TopicArn');
      const topic = state.topic(checkArn(host, members.string('TopicArn') ?? '', 'TopicArn'));
      if (topic !== undefined) {
        deduplication.forget(topic);
        state.deleteTopic(topic.arn);
      }
      return undefined;
    },
  };
}
