import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { sqs } from '../../../lib/runtime/aws/clients.ts';
import type { BaseRuntime } from '../../../lib/runtime/runtime.ts';

/** A runtime whose AWS answers everything with this body. */
function answering(body: object) {
  const requestHandler = {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle() {
      const json = { 'content-type': 'application/x-amz-json-1.0' };
      return { response: { statusCode: 200, headers: json, body: Buffer.from(JSON.stringify(body)) } };
    },
  };
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
  return { aws: { region: 'us-east-1', credentials, requestHandler } } as unknown as BaseRuntime;
}

it('does not compute again what SQS computes of a message', async () => {
  const runtime = answering({ MessageId: 'm', MD5OfMessageBody: 'of another text' });
  const answer = await sqs(runtime).send(
    new SendMessageCommand({ QueueUrl: 'https://sqs.us-east-1.amazonaws.com/1/q', MessageBody: 'b' }),
  );
  expect(answer.MessageId).toBe('m');
});
