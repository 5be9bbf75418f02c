// This file is loaded by `loadPart`, through lib/runtime/shims/zod.ts.
export {
  array,
  boolean,
  discriminatedUnion,
  enum,
  int,
  iso,
  literal,
  looseObject,
  number,
  object,
  record,
  strictObject,
  string,
  union,
  unknown,
} from 'zod';
