import type { Host, Input, Permission } from '../engine.ts';
import { invalidParameter, notFound } from './errors.ts';

type Place = Pick<Host, 'account' | 'region'>;

export const functionArn = (host: Place, name: string) =>
  `arn:aws:lambda:${host.region}:${host.account}:function:${name}`;

export const mappingArn = (host: Place, uuid: string) =>
  `arn:aws:lambda:${host.region}:${host.account}:event-source-mapping:${uuid}`;

const formOfName =
  /^(?:arn:aws[a-z-]*:lambda:(?<region>[a-z0-9-]+):)?(?:(?<account>\d{12}):)?(?:function:)?(?<name>[a-zA-Z0-9_-]{1,64})(?::(?<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?$/;

/**
 * The name of a function in any form that the API accepts: a name, a partial ARN
 * (`123456789012:function:my-function`) or an ARN, each with an optional `:$LATEST`. This engine has no versions or
 * aliases.
 */
export function parseFunctionName(host: Place, given: unknown, qualifier?: unknown): string {
  const match = typeof given === 'string' ? formOfName.exec(given) : null;
  const { name, region, account, qualifier: suffix } = match?.groups ?? {};
  if (name === undefined) {
    throw invalidParameter(`Value ${JSON.stringify(given)} at 'functionName' failed to satisfy constraint.`);
  }
  for (const version of [suffix, qualifier]) {
    if (version !== undefined && version !== '$LATEST') {
      throw notFound(`Function not found: ${functionArn(host, name)}:${String(version)}`);
    }
  }
  if ((region ?? host.region) !== host.region || (account ?? host.account) !== host.account) {
    throw notFound(`Function not found: ${String(given)}`);
  }
  return name;
}

/** The permission for an operation on a function. Tolerates any input. */
export function functionPermission(host: Place, action: string, input: Input): Permission {
  const match = typeof input.FunctionName === 'string' ? formOfName.exec(input.FunctionName) : null;
  const name = match?.groups?.name;
  return { action: `lambda:${action}`, resource: name === undefined ? '*' : functionArn(host, name) };
}

/** The URL of a queue in this account, by its ARN. */
export function queueUrl(host: Pick<Host, 'endpoint'>, queueArn: string): string {
  const [, , , , account = '', name = ''] = queueArn.split(':');
  return `${host.endpoint}/${account}/${name}`;
}

export const isQueueArn = (arn: string) =>
  /^arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[\w-]{1,75}(\.fifo)?$/.test(arn);
export const isStreamArn = (arn: string) =>
  /^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table\/[\w.-]+\/stream\/.+$/.test(arn);
