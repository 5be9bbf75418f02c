import { sinks } from '../connectors/index.ts';
import { functionArn, type Place } from '../core/kernel/place.ts';
import type { BusFunction } from './bus-function.ts';
import { reasons } from './nag.ts';

/** Lets a function start and stop the polling of the lanes. */
export function grantMappings(grantee: BusFunction, place: Place): void {
  grantee.grantByPattern(['lambda:ListEventSourceMappings'], ['*'], reasons.noResource);
  grantee.grantByPattern(['lambda:UpdateEventSourceMapping'], ['*'], reasons.ownMappingsOnly, {
    ArnEquals: { 'lambda:FunctionArn': sendingFunctions(place) },
  });
}

/** The functions that lanes are mapped to. */
export const sendingFunctions = (place: Place): string[] =>
  [...new Set(sinks.all.map(({ deliveredBy }) => deliveredBy))].map((name) => functionArn(place, name));
