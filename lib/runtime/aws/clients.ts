import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsClientConfig, BaseRuntime } from '../runtime.ts';

// Stores get these by `world.use`, so that all stores of an instance share one client, and with it its connections.

/** How long a client waits, and how often it tries. */
export interface Patience {
  readonly connectMs: number;
  /** From the end of the request to its response, and for each silence within the response. */
  readonly answerMs: number;
  readonly attempts: number;
}

/**
 * For data: AWS answers in milliseconds, so a socket that is silent for seconds is dead, and another attempt by another
 * socket is faster. All attempts fit the shortest function (15 seconds), long polls of a second included.
 */
export const dataPatience: Patience = { connectMs: 1000, answerMs: 2500, attempts: 3 };

/** For the control plane, whose calls may take seconds. All attempts fit the functions that make them (29 s and more). */
export const controlPatience: Patience = { connectMs: 1000, answerMs: 8000, attempts: 3 };

/**
 * The SDK waits for ever unless it is told otherwise: one dead socket would use up an invocation. Whoever brings a request
 * handler of its own, such as the local target, has no socket.
 */
export function patient(
  aws: AwsClientConfig,
  { connectMs, answerMs, attempts }: Patience,
): AwsClientConfig & { readonly maxAttempts: number } {
  return {
    requestHandler: {
      connectionTimeout: connectMs,
      requestTimeout: answerMs,
      socketTimeout: answerMs,
      // Otherwise the handler only warns.
      throwOnRequestTimeout: true,
    },
    ...aws,
    maxAttempts: aws.maxAttempts ?? attempts,
  };
}

export const dynamodb = ({ aws }: BaseRuntime) => new DynamoDBClient(patient(aws, dataPatience));
export const lambda = ({ aws }: BaseRuntime) => new LambdaClient(patient(aws, controlPatience));
export const scheduler = ({ aws }: BaseRuntime) => new SchedulerClient(patient(aws, dataPatience));
export const sns = ({ aws }: BaseRuntime) => new SNSClient(patient(aws, dataPatience));
/** TLS already tells when a message was changed on its way, so its MD5 is not computed a second time. */
export const sqs = ({ aws }: BaseRuntime) => new SQSClient({ ...patient(aws, dataPatience), md5: false });
