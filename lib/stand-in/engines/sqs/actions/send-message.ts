import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { attributesMd5 } from '../message-attributes.ts';
import { type MessageRequest, messageMembers, readMessage } from '../message-request.ts';
import type { Queue } from '../queue.ts';
import type { Sqs } from '../sqs.ts';

export function sendMessage(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('SendMessage', input)],
    handle(input, caller) {
      rejectUnknownMembers('SendMessage', input, ['QueueUrl', ...messageMembers]);
      const queue = sqs.queueOf(input);
      const request = readMessage(input, queue.settings, caller);
      sqs.bill(caller, queue, request.bytes, request.groupId !== undefined);
      return store(queue, request);
    },
  };
}

/** Stores one message, and returns the answer of SendMessage or of an entry of SendMessageBatch. */
export function store(queue: Queue, request: MessageRequest): Readonly<Record<string, unknown>> {
  const { messageId, sequenceNumber } = queue.send(request);
  return {
    MessageId: messageId,
    MD5OfMessageBody: request.bodyMd5,
    ...(request.attributesMd5 === undefined ? {} : { MD5OfMessageAttributes: request.attributesMd5 }),
    ...(request.traceHeader === undefined
      ? {}
      : { MD5OfMessageSystemAttributes: traceHeaderMd5(request.traceHeader) }),
    ...(sequenceNumber === undefined ? {} : { SequenceNumber: sequenceNumber }),
  };
}

function traceHeaderMd5(traceHeader: string): string {
  return attributesMd5({ AWSTraceHeader: { DataType: 'String', StringValue: traceHeader } });
}
