import type { Engine, Host } from '../engine.ts';
import { addPermission } from './actions/add-permission.ts';
import { createEventSourceMapping } from './actions/create-event-source-mapping.ts';
import { createFunction } from './actions/create-function.ts';
import { deleteEventSourceMapping } from './actions/delete-event-source-mapping.ts';
import { deleteFunction } from './actions/delete-function.ts';
import { deleteFunctionConcurrency } from './actions/delete-function-concurrency.ts';
import { deleteFunctionEventInvokeConfig } from './actions/delete-function-event-invoke-config.ts';
import { getEventSourceMapping } from './actions/get-event-source-mapping.ts';
import { getFunction } from './actions/get-function.ts';
import { getFunctionConcurrency } from './actions/get-function-concurrency.ts';
import { getFunctionConfiguration } from './actions/get-function-configuration.ts';
import { getFunctionEventInvokeConfig } from './actions/get-function-event-invoke-config.ts';
import { getPolicy } from './actions/get-policy.ts';
import { invoke } from './actions/invoke.ts';
import { listEventSourceMappings } from './actions/list-event-source-mappings.ts';
import { listFunctions } from './actions/list-functions.ts';
import { listTags } from './actions/list-tags.ts';
import { putFunctionConcurrency } from './actions/put-function-concurrency.ts';
import { putFunctionEventInvokeConfig } from './actions/put-function-event-invoke-config.ts';
import { removePermission } from './actions/remove-permission.ts';
import { tagResource } from './actions/tag-resource.ts';
import { untagResource } from './actions/untag-resource.ts';
import { updateEventSourceMapping } from './actions/update-event-source-mapping.ts';
import { updateFunctionCode } from './actions/update-function-code.ts';
import { updateFunctionConfiguration } from './actions/update-function-configuration.ts';
import { updateFunctionEventInvokeConfig } from './actions/update-function-event-invoke-config.ts';
import { createAsyncEvents } from './async-events.ts';
import { createCheckpoints } from './checkpoints.ts';
import { createFunctions } from './functions.ts';
import { createInstances } from './instances.ts';
import type { Lambda } from './lambda.ts';
import { createMappings } from './mapping.ts';
import type { Runner, StoredMapping } from './mapping-model.ts';
import type { LambdaOptions } from './model.ts';
import { isQueueArn } from './names.ts';
import { policyDocument } from './policy.ts';
import { lambdaRoutes } from './routes.ts';
import { pollQueue } from './sqs-mapping.ts';
import { readStream } from './stream-mapping.ts';

export { instanceEnvironment } from './environment.ts';
export { isKept, type Logging } from './log-lines.ts';
export type {
  FunctionDefinition,
  Handler,
  LambdaContext,
  LambdaOptions,
  LambdaProblem,
} from './model.ts';

/** Lambda: functions, their invocations, and event source mappings of queues and DynamoDB streams. */
export const createLambda =
  (options: LambdaOptions) =>
  (host: Host): Engine & Required<Pick<Engine, 'resume' | 'close'>> => {
    const functions = createFunctions(host);
    const instances = createInstances(host, options, functions);
    const asyncEvents = createAsyncEvents(host, options, functions, instances);
    const checkpoints = createCheckpoints(host);
    const workings = { host, options, functions, instances };
    const mappings = createMappings(host, run, checkpoints.forget);
    const lambda: Lambda = { ...workings, asyncEvents, mappings };

    function run(mapping: StoredMapping): Runner {
      if (isQueueArn(mapping.eventSourceArn)) return pollQueue(workings, mapping);
      if (options.onStreamRecords === undefined) {
        throw new Error(`The mapping ${mapping.uuid} reads a stream, and onStreamRecords was not given.`);
      }
      return readStream(workings, mapping, checkpoints, options.onStreamRecords);
    }

    return {
      service: 'lambda',
      routes: lambdaRoutes,
      operations: {
        AddPermission: addPermission(lambda),
        CreateEventSourceMapping: createEventSourceMapping(lambda),
        CreateFunction: createFunction(lambda),
        DeleteEventSourceMapping: deleteEventSourceMapping(lambda),
        DeleteFunction: deleteFunction(lambda),
        DeleteFunctionConcurrency: deleteFunctionConcurrency(lambda),
        DeleteFunctionEventInvokeConfig: deleteFunctionEventInvokeConfig(lambda),
        GetEventSourceMapping: getEventSourceMapping(lambda),
        GetFunction: getFunction(lambda),
        GetFunctionConcurrency: getFunctionConcurrency(lambda),
        GetFunctionConfiguration: getFunctionConfiguration(lambda),
        GetFunctionEventInvokeConfig: getFunctionEventInvokeConfig(lambda),
        GetPolicy: getPolicy(lambda),
        Invoke: invoke(lambda),
        ListEventSourceMappings: listEventSourceMappings(lambda),
        ListFunctions: listFunctions(lambda),
        ListTags: listTags(lambda),
        PutFunctionConcurrency: putFunctionConcurrency(lambda),
        PutFunctionEventInvokeConfig: putFunctionEventInvokeConfig(lambda),
        RemovePermission: removePermission(lambda),
        TagResource: tagResource(lambda),
        UntagResource: untagResource(lambda),
        UpdateEventSourceMapping: updateEventSourceMapping(lambda),
        UpdateFunctionCode: updateFunctionCode(lambda),
        UpdateFunctionConfiguration: updateFunctionConfiguration(lambda),
        UpdateFunctionEventInvokeConfig: updateFunctionEventInvokeConfig(lambda),
      },
      resourcePolicy(resourceArn) {
        const name = /:function:([\w-]+)(?::\$LATEST)?$/.exec(resourceArn)?.[1];
        return name === undefined ? undefined : policyDocument(functions.get(name));
      },
      resume() {
        asyncEvents.resume();
        mappings.resume();
      },
      async close() {
        await Promise.all([mappings.close(), asyncEvents.close()]);
        await instances.drain();
      },
    };
  };
