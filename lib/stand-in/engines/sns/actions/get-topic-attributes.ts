import type { Operation } from '../../engine.ts';
import { readInput, textOf } from '../input.ts';
import { existingTopic, type Sns } from '../sns.ts';
import { describeTopic } from '../topic-attributes.ts';

/** https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html */
export function getTopicAttributes(sns: Sns): Operation {
  return {
    permissions: (input) => [{ action: 'sns:GetTopicAttributes', resource: textOf(input, 'TopicArn') }],
    handle(input) {
      const members = readInput('GetTopicAttributes', input);
      members.only('TopicArn');
      const topic = existingTopic(sns, members.string('TopicArn'));
      return { Attributes: describeTopic(sns.host, sns.state, topic) };
    },
  };
}
