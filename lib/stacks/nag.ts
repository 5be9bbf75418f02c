import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Why the bus breaks a rule of AWS Solutions on purpose, for cdk-nag. */
export const reasons = {
  madeAtRunTime:
    'Topics and receivers are also created at run time, so roles name them by the prefix of the bus.',
  schedules: 'Every waiting event has its own schedule in the group of the bus.',
  tracesAreNotRestored:
    'Traces are kept for 30 days and are best effort: nobody restores them to a point in time.',
  noResource:
    'AWS supports no resource for these actions, so none can be named (Service Authorization Reference).',
  ownMappingsOnly:
    'AWS assigns the ids of mappings; the condition allows only those of the functions that deliver.',
  runsAreReceivedOften:
    'A message is a redrive and is received again until the redrive ends; its state is in the table.',
  timersAreReceivedOften:
    'A message is the timer of a transaction and is received again until that ends; its state is in the table.',
  outboxIsEmptied:
    'Outbox entries are published and deleted within seconds, so restoring a point in time serves no purpose.',
  secretByName:
    'Secrets Manager appends six random characters to the ARN of a secret, which a name does not include.',
  interfacesOfLambda:
    'Lambda creates the network interfaces of a function in a VPC with its role, and they have no ARN before they exist.',
  keysInFunctions: 'The functions check the keys, which belong to applications and are stored as hashes.',
} as const;

/** The id of the finding that cdk-nag reports for a pattern among the resources of a policy. */
export function resourceFinding(scope: IConstruct, pattern: string): string {
  return `AwsSolutions-IAM5[Resource::${flattened(Stack.of(scope).resolve(pattern))}]`;
}

/** A resolved string as cdk-nag writes it: `arn:<AWS::Partition>:sns:…`. */
function flattened(resolved: unknown): string {
  if (typeof resolved === 'string') return resolved;
  const { 'Fn::Join': join, Ref: reference } = resolved as {
    'Fn::Join'?: readonly [separator: string, parts: readonly unknown[]];
    Ref?: string;
  };
  if (join !== undefined) return join[1].map(flattened).join(join[0]);
  if (reference !== undefined) return `<${reference}>`;
  throw new Error(`The pattern ${JSON.stringify(resolved)} is neither a string nor a reference.`);
}
