import type { Input, Permission } from '../engine.ts';
import { invalidParameter } from './errors.ts';
import type { Lambda } from './lambda.ts';

type Tags = Readonly<Record<string, string>>;

/** Functions and event source mappings have tags; both are named by ARN. */
export function tagPermission(action: string, input: Input): Permission {
  return { action: `lambda:${action}`, resource: typeof input.Resource === 'string' ? input.Resource : '*' };
}

export function readTags(lambda: Lambda, resource: unknown): Tags {
  const uuid = mappingUuid(resource);
  return uuid === undefined
    ? lambda.functions.find(functionOf(resource)).tags
    : lambda.mappings.find(uuid).tags;
}

export function writeTags(lambda: Lambda, resource: unknown, tags: Tags): void {
  const uuid = mappingUuid(resource);
  if (uuid === undefined) lambda.functions.put({ ...lambda.functions.find(functionOf(resource)), tags });
  else lambda.mappings.tag(uuid, tags);
}

const mappingUuid = (resource: unknown) =>
  typeof resource === 'string' ? /:event-source-mapping:([0-9a-f-]{36})$/.exec(resource)?.[1] : undefined;

function functionOf(resource: unknown): string {
  if (typeof resource === 'string' && /^arn:aws[a-z-]*:lambda:/.test(resource)) return resource;
  throw invalidParameter('Resource must be the ARN of a function or of an event source mapping.');
}
