import { type Operation, rejectUnknownMembers } from '../engine.ts';
import { requireTableName } from './input.ts';
import { type Context, onTable } from './permission.ts';

export function describeTimeToLive(context: Context): Operation {
  return {
    permissions: (input) => [onTable(context, 'DescribeTimeToLive', input.TableName)],
    handle(input) {
      rejectUnknownMembers('DescribeTimeToLive', input, ['TableName']);
      const table = context.database.namedTable(requireTableName(context.host, input));
      const attribute = table.definition.timeToLiveAttribute;
      return {
        TimeToLiveDescription:
          attribute === undefined
            ? { TimeToLiveStatus: 'DISABLED' }
            : { TimeToLiveStatus: 'ENABLED', AttributeName: attribute },
      };
    },
  };
}
