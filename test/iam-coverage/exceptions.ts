import type { Exception } from './coverage.ts';

/**
 * Grants of the template that no test uses. Before one comes here: can the template do without it, or a test with it?
 * One that is used after all, or not granted any more, fails the run as well.
 */
export const exceptions: readonly Exception[] = [
  ...['logs:CreateLogStream', 'logs:PutLogEvents'].map((action) => ({
    role: '*',
    action,
    reason: 'Lambda writes the lines of the function by it; there is no engine of CloudWatch Logs.',
  })),
  {
    role: 'RelayRole',
    action: 'dynamodb:ListStreams',
    reason:
      'Lambda demands it when it makes a mapping of a stream (https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html), and lists nothing here.',
  },
  {
    role: 'RocketMqReceiverDeliverRocketMqRole',
    action: 'secretsmanager:GetSecretValue',
    resource: 'secretsmanager:secret:collector-??????',
    reason:
      'It reads the headers of a collector of spans by the same code as deliver, whose role a test uses; nothing starts a broker and a collector together.',
  },
];
