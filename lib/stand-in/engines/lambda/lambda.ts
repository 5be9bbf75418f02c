import type { Host, Input } from '../engine.ts';
import { type Members, membersOf } from '../members.ts';
import type { AsyncEvents } from './async-events.ts';
import { invalidParameter } from './errors.ts';
import type { Functions } from './functions.ts';
import type { Instances } from './instances.ts';
import type { Mappings } from './mapping.ts';
import type { LambdaOptions } from './model.ts';

/** What the actions of the engine work on. */
export interface Lambda {
  readonly host: Host;
  readonly options: LambdaOptions;
  readonly functions: Functions;
  readonly instances: Instances;
  readonly asyncEvents: AsyncEvents;
  readonly mappings: Mappings;
}

/** Reads the members of an input; errors are in the words of Lambda. */
export const membersOfLambda = (input: Input, action: string): Members =>
  membersOf(input, invalidParameter, action);
