import type { Operation } from '../../engine.ts';
import { notFound } from '../errors.ts';
import {
  describeEventInvokeConfig,
  eventInvokeMembers,
  readEventInvokeConfig,
} from '../event-invoke-config.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';

export function updateFunctionEventInvokeConfig({ host, functions }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'UpdateFunctionEventInvokeConfig', input)],
    handle(input) {
      const members = membersOfLambda(input, 'UpdateFunctionEventInvokeConfig');
      members.only(...eventInvokeMembers);
      const found = functions.find(input.FunctionName, input.Qualifier);
      if (found.eventInvoke === undefined) {
        throw notFound(`The function ${found.arn}:$LATEST doesn't have an EventInvokeConfig`);
      }
      const eventInvoke = {
        ...found.eventInvoke,
        ...readEventInvokeConfig(members),
        lastModifiedMs: host.clock.now(),
      };
      return describeEventInvokeConfig(functions.put({ ...found, eventInvoke }), eventInvoke);
    },
  };
}
