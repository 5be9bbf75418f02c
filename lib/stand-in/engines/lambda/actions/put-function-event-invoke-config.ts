import type { Operation } from '../../engine.ts';
import {
  describeEventInvokeConfig,
  eventInvokeMembers,
  readEventInvokeConfig,
} from '../event-invoke-config.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';

/** Replaces the whole configuration; UpdateFunctionEventInvokeConfig changes only what it names. */
export function putFunctionEventInvokeConfig({ host, functions }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'PutFunctionEventInvokeConfig', input)],
    handle(input) {
      const members = membersOfLambda(input, 'PutFunctionEventInvokeConfig');
      members.only(...eventInvokeMembers);
      const found = functions.find(input.FunctionName, input.Qualifier);
      const eventInvoke = { ...readEventInvokeConfig(members), lastModifiedMs: host.clock.now() };
      return describeEventInvokeConfig(functions.put({ ...found, eventInvoke }), eventInvoke);
    },
  };
}
