import type { Operation } from '../../engine.ts';
import { invalidParameter, notImplemented } from '../errors.ts';
import { readInput, textOf } from '../input.ts';
import { snsLimits } from '../limits.ts';
import { messageMembers, readMessage, readShared } from '../message.ts';
import { countRequests, publishMessage } from '../publishing.ts';
import { existingTopic, type Sns } from '../sns.ts';

/**
 * Publishes one message to a topic, which may also be given as `TargetArn`.
 * https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export function publish(sns: Sns): Operation {
  return {
    permissions: (input) => [
      { action: 'sns:Publish', resource: textOf(input, 'TopicArn') || textOf(input, 'TargetArn') },
    ],
    handle(input) {
      const members = readInput('Publish', input);
      members.only('TopicArn', 'TargetArn', 'PhoneNumber', ...messageMembers);
      if (members.has('PhoneNumber')) throw notImplemented('publishing to a PhoneNumber');
      const topic = existingTopic(sns, members.string('TopicArn') ?? members.string('TargetArn'));
      const attributes = readShared(topic, input, members, 'messageAttributes');
      const message = readMessage(members, attributes);
      if (message.bytes > snsLimits.messageBytes) throw invalidParameter('Message too long');
      countRequests(sns, topic, message.bytes);
      return { ...publishMessage(sns, topic, message) };
    },
  };
}
