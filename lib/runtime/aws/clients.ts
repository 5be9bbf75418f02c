import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { BaseRuntime } from '../runtime.ts';

// Stores get these by `world.use`, so that all stores of an instance share one client, and with it its connections.

export const dynamodb = ({ aws }: BaseRuntime) => new DynamoDBClient(aws);
export const lambda = ({ aws }: BaseRuntime) => new LambdaClient(aws);
export const scheduler = ({ aws }: BaseRuntime) => new SchedulerClient(aws);
export const sns = ({ aws }: BaseRuntime) => new SNSClient(aws);
export const sqs = ({ aws }: BaseRuntime) => new SQSClient(aws);
