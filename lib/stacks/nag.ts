import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** What cdk-nag is answered where the bus differs from the AWS Solutions rules on purpose. */
export const reasons = {
  madeAtRunTime:
    'Topics and receivers are made at run time as well, so that roles name them by the prefix of the bus.',
  schedules: 'Every event that waits has a schedule of its own, in the group of the bus.',
  tracesAreNotRestored:
    'Traces are kept for 30 days and are best effort: nobody restores them to a point in time.',
  noResource:
    'AWS knows no resource for these actions, so that none can be named (Service Authorization Reference).',
  ownMappingsOnly:
    'AWS knows mappings by ids of its own; the condition leaves those of the deliver function.',
  runsAreReceivedOften:
    'A message is a redrive and is received until it is over, however often; its state is in the table.',
  timersAreReceivedOften:
    'A message is the timer of a transaction and is received until it is over; its state is in the table.',
  outboxIsEmptied:
    'Entries of the outbox are published and deleted within seconds: there is no point in time to restore them to.',
  secretByName:
    'Secrets Manager ends the ARN of a secret with six characters of its own, which a name leaves open.',
  interfacesOfLambda:
    'Lambda makes the network interfaces of a function in a VPC with its role, and AWS knows no narrower resource before they are there.',
  keysInFunctions: 'The functions check the keys, which belong to applications and are kept as hashes.',
  noAccessLog:
    'The functions log what fails with its request id, and a line for each request would add a sixth to its price.',
} as const;

/** The id under which cdk-nag finds fault with a pattern among the resources of a policy. */
export function resourceFinding(scope: IConstruct, pattern: string): string {
  return `AwsSolutions-IAM5[Resource::${flattened(Stack.of(scope).resolve(pattern))}]`;
}

/** A resolved text as cdk-nag writes it: `arn:<AWS::Partition>:sns:…`. */
function flattened(resolved: unknown): string {
  if (typeof resolved === 'string') return resolved;
  const { 'Fn::Join': join, Ref: reference } = resolved as {
    'Fn::Join'?: readonly [separator: string, parts: readonly unknown[]];
    Ref?: string;
  };
  if (join !== undefined) return join[1].map(flattened).join(join[0]);
  if (reference !== undefined) return `<${reference}>`;
  throw new Error(`The pattern ${JSON.stringify(resolved)} is neither text nor a reference.`);
}
