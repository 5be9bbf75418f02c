import { z } from 'zod';
import { type Account, policyDocument, resourceType, unlessGone } from '../resource.ts';

const properties = z.strictObject({
  PolicyDocument: policyDocument,
  /** URLs of the queues. */
  Queues: z.array(z.string()),
});

const setPolicy = (account: Account, QueueUrl: string, policy: unknown) =>
  account.call('sqs', 'SetQueueAttributes', {
    QueueUrl,
    Attributes: { Policy: policy === undefined ? '' : JSON.stringify(policy) },
  });

async function clear(account: Account, queueUrls: readonly string[]): Promise<void> {
  for (const queueUrl of queueUrls) {
    await unlessGone(() => setPolicy(account, queueUrl, undefined), ['QueueDoesNotExist']);
  }
}

const queueName = (url: string) => url.slice(url.lastIndexOf('/') + 1);

/** Sets the `Policy` attribute of the queues. A queue that leaves the list loses its policy. */
export const sqsQueuePolicy = resourceType<z.infer<typeof properties>>({
  type: 'AWS::SQS::QueuePolicy',
  properties,
  replacedBy: [],
  async create(wanted, { account, name }) {
    for (const queueUrl of wanted.Queues) await setPolicy(account, queueUrl, wanted.PolicyDocument);
    return { physicalId: name({ maxLength: 128 }) };
  },
  async update(placed, wanted, before, { account }) {
    // Queues are compared by name, because their URLs change with the port of the endpoint.
    const kept = new Set(wanted.Queues.map(queueName));
    await clear(
      account,
      before.Queues.filter((url) => !kept.has(queueName(url))),
    );
    for (const queueUrl of wanted.Queues) await setPolicy(account, queueUrl, wanted.PolicyDocument);
    return placed;
  },
  delete: (_placed, properties, { account }) => clear(account, properties.Queues),
  values: async (placed) => ({ ref: placed.physicalId, attributes: { Id: placed.physicalId } }),
});
