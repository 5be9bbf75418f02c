import type { Operation } from '../../engine.ts';
import { readInput, textOf } from '../input.ts';
import { existingTopic, type Sns } from '../sns.ts';
import { checkTopicAttribute } from '../topic-attributes.ts';

/** https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html */
export function setTopicAttributes(sns: Sns): Operation {
  return {
    permissions: (input) => [{ action: 'sns:SetTopicAttributes', resource: textOf(input, 'TopicArn') }],
    handle(input) {
      const members = readInput('SetTopicAttributes', input);
      members.only('TopicArn', 'AttributeName', 'AttributeValue');
      const topic = existingTopic(sns, members.string('TopicArn'));
      const name = members.string('AttributeName') ?? '';
      const value = members.string('AttributeValue') ?? '';
      checkTopicAttribute(name, value, topic.fifo, 'SetTopicAttributes');
      topic.attributes = { ...topic.attributes, [name]: value };
      sns.state.putTopic(topic);
      return undefined;
    },
  };
}
