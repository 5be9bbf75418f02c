import type { Operation } from '../../engine.ts';
import { topicArn } from '../arn.ts';
import { invalidParameter } from '../errors.ts';
import { readInput, textOf } from '../input.ts';
import { snsLimits } from '../limits.ts';
import type { Sns } from '../sns.ts';
import { checkTagCount, readTags } from '../tags.ts';
import { checkTopicAttribute } from '../topic-attributes.ts';

/**
 * Creates a topic, or returns the one of that name if the request asks for nothing different.
 * https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
 */
export function createTopic({ host, state, deduplication }: Sns): Operation {
  return {
    permissions(input) {
      const resource = topicArn(host, textOf(input, 'Name'));
      const create = { action: 'sns:CreateTopic', resource };
      return Array.isArray(input.Tags) && input.Tags.length > 0
        ? [create, { action: 'sns:TagResource', resource }]
        : [create];
    },
    handle(input) {
      const members = readInput('CreateTopic', input, { Attributes: 'map', Tags: 'list' });
      members.only('Name', 'Attributes', 'Tags');
      const name = members.string('Name') ?? '';
      const attributes = { ...members.stringMap('Attributes') };
      const tags = readTags(members);
      const fifo = attributes.FifoTopic === 'true';
      checkName(name, fifo);
      for (const [attribute, value] of Object.entries(attributes)) {
        checkTopicAttribute(attribute, value, fifo, 'CreateTopic');
      }
      // SNS does not distinguish a topic created with FifoTopic=false from one created without the attribute.
      delete attributes.FifoTopic;

      const arn = topicArn(host, name);
      const existing = state.topic(arn);
      if (existing !== undefined) {
        const differs = Object.entries(attributes).some(([key, value]) => existing.attributes[key] !== value);
        if (differs) {
          throw invalidParameter('Attributes Reason: Topic already exists with different attributes');
        }
        if ([...tags].some(([key, value]) => existing.tags[key] !== value)) {
          throw invalidParameter('Tags Reason: Topic already exists with different tags');
        }
        return { TopicArn: arn };
      }
      const topic = { arn, name, fifo, attributes, tags: Object.fromEntries(tags), subscriptionsDeleted: 0 };
      checkTagCount(topic.tags);
      deduplication.forget(topic);
      state.putTopic(topic);
      return { TopicArn: arn };
    },
  };
}

/** Letters, digits, underscores and hyphens. The name of a FIFO topic ends in `.fifo`, and no other name does. */
function checkName(name: string, fifo: boolean): void {
  const stem = fifo && name.endsWith('.fifo') ? name.slice(0, -'.fifo'.length) : name;
  if (!/^[A-Za-z0-9_-]+$/.test(stem) || name.length > snsLimits.topicNameLength || (fifo && stem === name)) {
    throw invalidParameter('Topic Name');
  }
}
