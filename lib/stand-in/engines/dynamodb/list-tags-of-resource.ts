import { type Operation, rejectUnknownMembers } from '../engine.ts';
import { optionalString } from './input.ts';
import type { Context } from './permission.ts';
import { taggedTable } from './tag-resource.ts';

const pageLength = 10;

export function listTagsOfResource(context: Context): Operation {
  return {
    permissions: (input) => [{ action: 'dynamodb:ListTagsOfResource', resource: String(input.ResourceArn) }],
    handle(input) {
      rejectUnknownMembers('ListTagsOfResource', input, ['ResourceArn', 'NextToken']);
      const after = optionalString(input, 'NextToken') ?? '';
      const rest = Object.entries(taggedTable(context, input).definition.tags)
        .filter(([key]) => key > after)
        .sort(([left], [right]) => (left < right ? -1 : 1));
      const page = rest.slice(0, pageLength);
      return {
        Tags: page.map(([Key, Value]) => ({ Key, Value })),
        NextToken: rest.length > page.length ? page.at(-1)?.[0] : undefined,
      };
    },
  };
}
