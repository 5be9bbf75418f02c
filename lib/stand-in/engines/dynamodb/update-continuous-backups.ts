import { type Operation, rejectUnknownMembers } from '../engine.ts';
import { backedUpTable, describeBackups } from './describe-continuous-backups.ts';
import { optionalBoolean, optionalInteger, requireRecord, requireTableName } from './input.ts';
import { type Context, onTable } from './permission.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PointInTimeRecoverySpecification.html */
const periodDaysMax = 35;

export function updateContinuousBackups(context: Context): Operation {
  const { host, database } = context;
  return {
    permissions: (input) => [onTable(context, 'UpdateContinuousBackups', input.TableName)],
    handle(input) {
      rejectUnknownMembers('UpdateContinuousBackups', input, [
        'TableName',
        'PointInTimeRecoverySpecification',
      ]);
      const tableName = requireTableName(host, input);
      const specification = requireRecord(
        input.PointInTimeRecoverySpecification,
        'PointInTimeRecoverySpecification',
      );
      rejectUnknownMembers('PointInTimeRecoverySpecification', specification, [
        'PointInTimeRecoveryEnabled',
        'RecoveryPeriodInDays',
      ]);
      const enabled = optionalBoolean(specification, 'PointInTimeRecoveryEnabled') ?? false;
      const days = optionalInteger(specification, 'RecoveryPeriodInDays', 1, periodDaysMax);
      const table = backedUpTable(database, tableName);
      const { recoveryPeriodDays, recoverySinceMs } = table.definition;
      database.redefine(table, {
        ...table.definition,
        recoveryPeriodDays: enabled ? (days ?? recoveryPeriodDays ?? periodDaysMax) : undefined,
        recoverySinceMs: enabled ? (recoverySinceMs ?? host.clock.now()) : undefined,
      });
      return { ContinuousBackupsDescription: describeBackups(host, table) };
    },
  };
}
