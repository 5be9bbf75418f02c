import type { Checker } from './checker.ts';

/** What was counted, and the units of the bill that it comes to; nothing here is above the size of one unit. */
const unitsOf: Readonly<Record<string, readonly string[]>> = {
  invocations: ['lambda.requests'],
  requests: ['apigateway.requests'],
  'calls of SQS': ['sqs.requests', 'sqs.fifo-requests', 'sqs.requests-from-sns'],
  'publishes to SNS': ['sns.requests', 'sns.fifo-requests'],
  'deliveries of SNS': ['sqs.requests-from-sns'],
  'reads of streams': ['dynamodb.stream-reads'],
};

/** The meter says what the calls that were made come to. */
export const bill: Checker = {
  name: 'bill',
  *check({ bill: { metered, counted } }) {
    for (const [what, units] of Object.entries(unitsOf)) {
      const sum = units.reduce((total, unit) => total + (metered[unit] ?? 0), 0);
      const quantity = counted.get(what) ?? 0;
      if (sum === quantity) continue;
      yield {
        message: `The meter says ${sum} of ${units.join(' and ')}, where ${quantity} ${what} were counted.`,
        about: [],
      };
    }
  },
};
