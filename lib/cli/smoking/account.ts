import type { AccountFact } from './page.ts';

/** New accounts have often 10; every part of the bus and every other function of the account shares them. */
const concurrencyMin = 100;

/** What Lambda says of an account. https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html */
export interface LambdaSettings {
  readonly AccountLimit?:
    | {
        readonly ConcurrentExecutions?: number | undefined;
        readonly UnreservedConcurrentExecutions?: number | undefined;
      }
    | undefined;
}

/** What these settings mean for a bus. */
export function accountFacts({ AccountLimit = {} }: LambdaSettings): AccountFact[] {
  const { ConcurrentExecutions: all = 0, UnreservedConcurrentExecutions: unreserved = 0 } = AccountLimit;
  const isEnough = unreserved >= concurrencyMin;
  return [
    {
      fact: `Lambda runs ${all} executions at once in this Region, ${unreserved} of them not reserved.`,
      isFine: isEnough,
      ...(!isEnough && {
        remedy: `A bus under load needs ${concurrencyMin} or more. Ask for 1000 under Service Quotas, AWS Lambda, Concurrent executions; it costs nothing. Until then keep the parameters PublishConcurrency and AdminConcurrency at 0.`,
      }),
    },
  ];
}

/** Asks the account whose credentials and Region the environment has, as the AWS CLI does. */
export async function readAccount(): Promise<AccountFact[]> {
  // Only for this option: the SDK takes longer to load than the rest of the command.
  const { GetAccountSettingsCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
  const client = new LambdaClient({ maxAttempts: 2 });
  try {
    return accountFacts(await client.send(new GetAccountSettingsCommand({})));
  } finally {
    client.destroy();
  }
}
