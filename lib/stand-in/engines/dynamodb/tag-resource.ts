import { AwsError, type Input, type Operation, rejectUnknownMembers } from '../engine.ts';
import { requireList, requireString, tableArn } from './input.ts';
import type { Context } from './permission.ts';
import type { Table } from './table.ts';
import { readTags } from './table-settings.ts';

export function tagResource(context: Context): Operation {
  return {
    permissions: (input) => [{ action: 'dynamodb:TagResource', resource: String(input.ResourceArn) }],
    handle(input) {
      rejectUnknownMembers('TagResource', input, ['ResourceArn', 'Tags']);
      const tags = readTags(requireList(input, 'Tags', 1, 50));
      const table = taggedTable(context, input);
      context.database.redefine(table, {
        ...table.definition,
        tags: { ...table.definition.tags, ...tags },
      });
      return undefined;
    },
  };
}

/** Only tables have tags. */
export function taggedTable({ host, database }: Context, input: Input): Table {
  const arn = requireString(input, 'ResourceArn');
  const prefix = tableArn(host, '');
  const table = arn.startsWith(prefix) ? database.tables.get(arn.slice(prefix.length)) : undefined;
  if (table !== undefined) return table;
  throw new AwsError(
    'ResourceNotFoundException',
    `Requested resource not found: ResourcArn: ${arn} not found`,
  );
}
