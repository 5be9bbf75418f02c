import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { dynamodb, sqs } from '../../../lib/runtime/aws/clients.ts';
import type { BaseRuntime } from '../../../lib/runtime/runtime.ts';

/** A runtime whose AWS answers everything with this body, and the headers of what it was sent. */
function answering(body: object) {
  const sent: Record<string, string>[] = [];
  const requestHandler = {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle({ headers }: { headers: Record<string, string> }) {
      sent.push(headers);
      const json = { 'content-type': 'application/x-amz-json-1.0' };
      return { response: { statusCode: 200, headers: json, body: Buffer.from(JSON.stringify(body)) } };
    },
  };
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
  const runtime = { aws: { region: 'us-east-1', credentials, requestHandler } } as unknown as BaseRuntime;
  return { runtime, sent };
}

const namesOf = (headers: Record<string, string> | undefined) =>
  Object.keys(headers ?? {}).map((name) => name.toLowerCase());

it('sends to DynamoDB and SQS nothing that nobody reads, and what it sends is signed', async () => {
  const { runtime, sent } = answering({});
  await dynamodb(runtime).send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'a' } } }));
  await sqs(runtime).send(
    new SendMessageCommand({ QueueUrl: 'https://sqs.us-east-1.amazonaws.com/1/q', MessageBody: 'b' }),
  );
  expect(sent).toHaveLength(2);
  for (const headers of sent) {
    expect(namesOf(headers)).toContain('authorization');
    expect(namesOf(headers).filter((name) => name.includes('user-agent'))).toEqual([]);
  }
});

it('does not compute again what SQS computes of a message', async () => {
  const { runtime } = answering({ MessageId: 'm', MD5OfMessageBody: 'of another text' });
  const answer = await sqs(runtime).send(
    new SendMessageCommand({ QueueUrl: 'https://sqs.us-east-1.amazonaws.com/1/q', MessageBody: 'b' }),
  );
  expect(answer.MessageId).toBe('m');
});
