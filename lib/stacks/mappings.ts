import type { Place } from '../core/resources.ts';
import type { BusFunction } from './bus-function.ts';
import { reasons } from './nag.ts';

/** Lets a function start and stop the polling of the lanes, which are mapped to the deliver function. */
export function grantMappings(grantee: BusFunction, place: Place): void {
  grantee.grantByPattern(['lambda:ListEventSourceMappings'], ['*'], reasons.noResource);
  grantee.grantByPattern(['lambda:UpdateEventSourceMapping'], ['*'], reasons.ownMappingsOnly, {
    ArnEquals: {
      'lambda:FunctionArn': `arn:${place.partition}:lambda:${place.region}:${place.account}:function:${place.prefix}-deliver`,
    },
  });
}
