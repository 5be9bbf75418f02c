import type { Route } from '../engine.ts';

const functions = '/2015-03-31/functions';
const mappings = '/2015-03-31/event-source-mappings';
const qualifier = { Qualifier: 'Qualifier' } as const;
const revision = { RevisionId: 'RevisionId' } as const;

/** The paths of the API (https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html). */
export const lambdaRoutes: readonly Route[] = [
  {
    operation: 'Invoke',
    method: 'POST',
    path: `${functions}/{FunctionName}/invocations`,
    query: qualifier,
    headers: {
      'x-amz-invocation-type': 'InvocationType',
      'x-amz-log-type': 'LogType',
      'x-amz-client-context': 'ClientContext',
    },
    payload: 'Payload',
    responseHeaders: { FunctionError: 'x-amz-function-error', ExecutedVersion: 'x-amz-executed-version' },
  },
  { operation: 'CreateFunction', method: 'POST', path: functions, status: 201 },
  {
    operation: 'ListFunctions',
    method: 'GET',
    path: functions,
    query: { Marker: 'Marker', MaxItems: 'MaxItems', FunctionVersion: 'FunctionVersion' },
  },
  { operation: 'GetFunction', method: 'GET', path: `${functions}/{FunctionName}`, query: qualifier },
  {
    operation: 'DeleteFunction',
    method: 'DELETE',
    path: `${functions}/{FunctionName}`,
    query: qualifier,
    status: 204,
  },
  {
    operation: 'GetFunctionConfiguration',
    method: 'GET',
    path: `${functions}/{FunctionName}/configuration`,
    query: qualifier,
  },
  {
    operation: 'UpdateFunctionConfiguration',
    method: 'PUT',
    path: `${functions}/{FunctionName}/configuration`,
  },
  { operation: 'UpdateFunctionCode', method: 'PUT', path: `${functions}/{FunctionName}/code` },
  {
    operation: 'AddPermission',
    method: 'POST',
    path: `${functions}/{FunctionName}/policy`,
    query: qualifier,
    status: 201,
  },
  { operation: 'GetPolicy', method: 'GET', path: `${functions}/{FunctionName}/policy`, query: qualifier },
  {
    operation: 'RemovePermission',
    method: 'DELETE',
    path: `${functions}/{FunctionName}/policy/{StatementId}`,
    query: { ...qualifier, ...revision },
    status: 204,
  },
  {
    operation: 'PutFunctionConcurrency',
    method: 'PUT',
    path: '/2017-10-31/functions/{FunctionName}/concurrency',
  },
  {
    operation: 'GetFunctionConcurrency',
    method: 'GET',
    path: '/2019-09-30/functions/{FunctionName}/concurrency',
  },
  {
    operation: 'DeleteFunctionConcurrency',
    method: 'DELETE',
    path: '/2017-10-31/functions/{FunctionName}/concurrency',
    status: 204,
  },
  {
    operation: 'PutFunctionEventInvokeConfig',
    method: 'PUT',
    path: '/2019-09-25/functions/{FunctionName}/event-invoke-config',
    query: qualifier,
  },
  {
    operation: 'UpdateFunctionEventInvokeConfig',
    method: 'POST',
    path: '/2019-09-25/functions/{FunctionName}/event-invoke-config',
    query: qualifier,
  },
  {
    operation: 'GetFunctionEventInvokeConfig',
    method: 'GET',
    path: '/2019-09-25/functions/{FunctionName}/event-invoke-config',
    query: qualifier,
  },
  {
    operation: 'DeleteFunctionEventInvokeConfig',
    method: 'DELETE',
    path: '/2019-09-25/functions/{FunctionName}/event-invoke-config',
    query: qualifier,
    status: 204,
  },
  { operation: 'CreateEventSourceMapping', method: 'POST', path: mappings, status: 202 },
  {
    operation: 'ListEventSourceMappings',
    method: 'GET',
    path: mappings,
    query: {
      EventSourceArn: 'EventSourceArn',
      FunctionName: 'FunctionName',
      Marker: 'Marker',
      MaxItems: 'MaxItems',
    },
  },
  { operation: 'GetEventSourceMapping', method: 'GET', path: `${mappings}/{UUID}` },
  { operation: 'UpdateEventSourceMapping', method: 'PUT', path: `${mappings}/{UUID}`, status: 202 },
  { operation: 'DeleteEventSourceMapping', method: 'DELETE', path: `${mappings}/{UUID}`, status: 202 },
  { operation: 'ListTags', method: 'GET', path: '/2017-03-31/tags/{Resource}' },
  { operation: 'TagResource', method: 'POST', path: '/2017-03-31/tags/{Resource}', status: 204 },
  {
    operation: 'UntagResource',
    method: 'DELETE',
    path: '/2017-03-31/tags/{Resource}',
    query: { tagKeys: 'TagKeys' },
    status: 204,
  },
];
