import type { Operation } from '../../engine.ts';
import { describeFunction } from '../configuration.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';

export function getFunction({ host, functions }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'GetFunction', input)],
    handle(input) {
      membersOfLambda(input, 'GetFunction').only('FunctionName', 'Qualifier');
      const found = functions.find(input.FunctionName, input.Qualifier);
      const { bucket, key } = found.location;
      return {
        Configuration: describeFunction(found),
        Code: { RepositoryType: 'S3', Location: `s3://${bucket}/${key}` },
        Tags: found.tags,
        ...(found.reservedConcurrency === undefined
          ? {}
          : { Concurrency: { ReservedConcurrentExecutions: found.reservedConcurrency } }),
      };
    },
  };
}
