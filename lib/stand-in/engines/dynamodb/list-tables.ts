import { type Operation, rejectUnknownMembers } from '../engine.ts';
import { optionalInteger, optionalString } from './input.ts';
import type { Context } from './permission.ts';

export function listTables({ database }: Context): Operation {
  return {
    permissions: () => [{ action: 'dynamodb:ListTables', resource: '*' }],
    handle(input) {
      rejectUnknownMembers('ListTables', input, ['ExclusiveStartTableName', 'Limit']);
      const after = optionalString(input, 'ExclusiveStartTableName') ?? '';
      const limit = optionalInteger(input, 'Limit', 1, 100) ?? 100;
      const rest = [...database.tables.keys()].filter((name) => name > after).sort();
      const page = rest.slice(0, limit);
      return {
        TableNames: page,
        LastEvaluatedTableName: rest.length > page.length ? page.at(-1) : undefined,
      };
    },
  };
}
