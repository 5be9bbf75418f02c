import type { AnyResourceType } from './resource.ts';
import { apigatewayv2Api } from './resources/apigatewayv2-api.ts';
import { apigatewayv2Integration } from './resources/apigatewayv2-integration.ts';
import { apigatewayv2Route } from './resources/apigatewayv2-route.ts';
import { apigatewayv2Stage } from './resources/apigatewayv2-stage.ts';
import { customResource } from './resources/custom-resource.ts';
import { dynamodbGlobalTable } from './resources/dynamodb-global-table.ts';
import { dynamodbTable } from './resources/dynamodb-table.ts';
import { iamManagedPolicy } from './resources/iam-managed-policy.ts';
import { iamPolicy } from './resources/iam-policy.ts';
import { iamRole } from './resources/iam-role.ts';
import { lambdaEventInvokeConfig } from './resources/lambda-event-invoke-config.ts';
import { lambdaEventSourceMapping } from './resources/lambda-event-source-mapping.ts';
import { lambdaFunction } from './resources/lambda-function.ts';
import { lambdaPermission } from './resources/lambda-permission.ts';
import { lambdaUrl } from './resources/lambda-url.ts';
import { schedulerSchedule } from './resources/scheduler-schedule.ts';
import { schedulerScheduleGroup } from './resources/scheduler-schedule-group.ts';
import { snsSubscription } from './resources/sns-subscription.ts';
import { snsTopic } from './resources/sns-topic.ts';
import { snsTopicPolicy } from './resources/sns-topic-policy.ts';
import { sqsQueue } from './resources/sqs-queue.ts';
import { sqsQueuePolicy } from './resources/sqs-queue-policy.ts';

/** Every supported resource type; `waivers.ts` lists the types that are read but not created. */
const types: ReadonlyMap<string, AnyResourceType> = new Map(
  [
    apigatewayv2Api,
    apigatewayv2Integration,
    apigatewayv2Route,
    apigatewayv2Stage,
    customResource,
    dynamodbGlobalTable,
    dynamodbTable,
    iamManagedPolicy,
    iamPolicy,
    iamRole,
    lambdaEventInvokeConfig,
    lambdaEventSourceMapping,
    lambdaFunction,
    lambdaPermission,
    lambdaUrl,
    schedulerSchedule,
    schedulerScheduleGroup,
    snsSubscription,
    snsTopic,
    snsTopicPolicy,
    sqsQueue,
    sqsQueuePolicy,
  ].map((type) => [type.type, type]),
);

/** `Custom::Anything` is a custom resource. */
export function findResourceType(type: string): AnyResourceType | undefined {
  return types.get(type) ?? (type.startsWith('Custom::') ? customResource : undefined);
}

export const supportedTypes: readonly string[] = [...types.keys(), 'Custom::*'];
