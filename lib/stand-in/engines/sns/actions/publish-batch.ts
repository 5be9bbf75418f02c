import { AwsError, type Input, type Operation } from '../../engine.ts';
import { isObject, type Members } from '../../members.ts';
import { readInput, textOf } from '../input.ts';
import { snsLimits } from '../limits.ts';
import { messageBytes, messageMembers, readMessage, readShared } from '../message.ts';
import { countRequests, type Published, publishMessage } from '../publishing.ts';
import { existingTopic, type Sns } from '../sns.ts';

/**
 * Publishes up to ten messages in order, each with its own result.
 * https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
 */
export function publishBatch(sns: Sns): Operation {
  return {
    // A batch needs the permission of a single publish; there is no other.
    permissions: (input) => [{ action: 'sns:Publish', resource: textOf(input, 'TopicArn') }],
    handle(input) {
      const members = readInput('PublishBatch', input, { PublishBatchRequestEntries: 'list' });
      members.only('TopicArn', 'PublishBatchRequestEntries');
      const entries = members.structures('PublishBatchRequestEntries') ?? [];
      const inputs: Input[] = [input.PublishBatchRequestEntries].flat().filter(isObject);
      checkEntryCount(entries.length);
      const topic = existingTopic(sns, members.string('TopicArn'));
      const ids = entries.map((entry) => entry.string('Id') ?? '');
      checkIds(ids);

      const shared = entries.map((entry, index) => {
        entry.only('Id', ...messageMembers);
        const at = `publishBatchRequestEntries.${index + 1}.member.messageAttributes`;
        return readShared(topic, inputs[index] ?? {}, entry, at);
      });
      const bytes = entries.reduce(
        (sum, entry, index) => sum + messageBytes(entry.string('Message') ?? '', shared[index] ?? {}),
        0,
      );
      if (bytes > snsLimits.messageBytes) {
        throw new AwsError(
          'BatchRequestTooLong',
          'The length of all the messages put together is more than the limit.',
        );
      }
      countRequests(sns, topic, bytes);

      const successful: (Published & { readonly Id: string })[] = [];
      const failed: { Id: string; Code: string; Message: string; SenderFault: boolean }[] = [];
      const outcomes = entries.map((entry, index) => read(entry, shared[index] ?? {}));
      for (const [index, outcome] of outcomes.entries()) {
        const id = ids[index] ?? '';
        if (outcome instanceof AwsError) {
          failed.push({ Id: id, Code: outcome.code, Message: outcome.message, SenderFault: true });
        } else {
          successful.push({ Id: id, ...publishMessage(sns, topic, outcome) });
        }
      }
      return { Successful: successful, Failed: failed };
    },
  };
}

/** An error that concerns only one entry becomes its result; the batch continues. */
function read(entry: Members, attributes: Parameters<typeof readMessage>[1]) {
  try {
    return readMessage(entry, attributes);
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
}

function checkEntryCount(count: number): void {
  if (count === 0) {
    throw new AwsError('EmptyBatchRequest', "The batch request doesn't contain any entries.");
  }
  if (count > snsLimits.batchEntries) {
    throw new AwsError(
      'TooManyEntriesInBatchRequest',
      'The batch request contains more entries than permissible.',
    );
  }
}

function checkIds(ids: readonly string[]): void {
  if (new Set(ids).size < ids.length) {
    throw new AwsError(
      'BatchEntryIdsNotDistinct',
      'Two or more batch entries in the request have the same Id.',
    );
  }
  for (const id of ids) {
    if (id.length > snsLimits.batchEntryIdLength) {
      throw new AwsError(
        'InvalidBatchEntryId',
        `The Id of a batch entry in the batch request is too long: ${id}`,
      );
    }
    if (!/^[A-Za-z0-9_-]+$/.test(id)) {
      throw new AwsError(
        'InvalidBatchEntryId',
        `The Id of a batch entry in the batch request contains an impermissible character: ${id}`,
      );
    }
  }
}
