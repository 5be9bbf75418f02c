import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { missingParameter } from '../errors.ts';
import { textMap } from '../input.ts';
import { changeAttributes } from '../queue-attributes.ts';
import type { Sqs } from '../sqs.ts';

/** Changes attributes at once; AWS takes up to 60 s (for the retention, up to 15 min). */
export function setQueueAttributes(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('SetQueueAttributes', input)],
    handle(input, caller) {
      rejectUnknownMembers('SetQueueAttributes', input, ['QueueUrl', 'Attributes']);
      const queue = sqs.queueOf(input);
      const given = textMap(input, 'Attributes');
      if (given === undefined) throw missingParameter('Attributes');
      const attributes = changeAttributes(queue.row.attributes, given);
      sqs.checkRedrive(queue.row.name, attributes);
      sqs.bill(caller, queue, 0);
      queue.setAttributes(attributes);
      return {};
    },
  };
}
