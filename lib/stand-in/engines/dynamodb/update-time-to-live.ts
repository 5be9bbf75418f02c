import { type Operation, rejectUnknownMembers } from '../engine.ts';
import { validation } from './errors.ts';
import { optionalBoolean, requireRecord, requireString, requireTableName } from './input.ts';
import { type Context, onTable } from './permission.ts';

/** Takes effect at once. AWS takes up to an hour and allows one change an hour. */
export function updateTimeToLive(context: Context): Operation {
  const { host, database } = context;
  return {
    permissions: (input) => [onTable(context, 'UpdateTimeToLive', input.TableName)],
    handle(input) {
      rejectUnknownMembers('UpdateTimeToLive', input, ['TableName', 'TimeToLiveSpecification']);
      const tableName = requireTableName(host, input);
      const specification = requireRecord(input.TimeToLiveSpecification, 'TimeToLiveSpecification');
      rejectUnknownMembers('TimeToLiveSpecification', specification, ['AttributeName', 'Enabled']);
      const attribute = requireString(specification, 'AttributeName');
      const enabled = optionalBoolean(specification, 'Enabled') ?? false;
      const table = database.namedTable(tableName);
      const current = table.definition.timeToLiveAttribute;
      if (current === undefined && !enabled) throw validation('TimeToLive is already disabled');
      if (current !== undefined && current !== attribute) {
        throw validation(
          `TimeToLive is active on a different AttributeName: current AttributeName is ${current}`,
        );
      }
      if (current !== undefined && enabled) throw validation('TimeToLive is already enabled');
      database.redefine(table, {
        ...table.definition,
        timeToLiveAttribute: enabled ? attribute : undefined,
      });
      return { TimeToLiveSpecification: { AttributeName: attribute, Enabled: enabled } };
    },
  };
}
