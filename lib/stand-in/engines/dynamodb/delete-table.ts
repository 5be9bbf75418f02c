import { type Operation, rejectUnknownMembers } from '../engine.ts';
import { describe } from './describe-table.ts';
import { validation } from './errors.ts';
import { requireTableName } from './input.ts';
import { type Context, onTable } from './permission.ts';

/** Deletes the items at once. The stream is disabled and keeps its records for a day. */
export function deleteTable(context: Context): Operation {
  const { host, database } = context;
  return {
    permissions: (input) => [onTable(context, 'DeleteTable', input.TableName)],
    handle(input) {
      rejectUnknownMembers('DeleteTable', input, ['TableName']);
      const table = database.namedTable(requireTableName(host, input));
      if (table.definition.deletionProtection) {
        throw validation(
          'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
        );
      }
      const description = describe(host, database, table, 'DELETING');
      database.drop(table);
      return { TableDescription: description };
    },
  };
}
