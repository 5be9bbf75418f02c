import { type Operation, rejectUnknownMembers } from '../engine.ts';
import { requireList } from './input.ts';
import type { Context } from './permission.ts';
import { taggedTable } from './tag-resource.ts';

export function untagResource(context: Context): Operation {
  return {
    permissions: (input) => [{ action: 'dynamodb:UntagResource', resource: String(input.ResourceArn) }],
    handle(input) {
      rejectUnknownMembers('UntagResource', input, ['ResourceArn', 'TagKeys']);
      const gone = new Set(requireList(input, 'TagKeys', 1, 50));
      const table = taggedTable(context, input);
      const kept = Object.entries(table.definition.tags).filter(([key]) => !gone.has(key));
      context.database.redefine(table, { ...table.definition, tags: Object.fromEntries(kept) });
      return undefined;
    },
  };
}
