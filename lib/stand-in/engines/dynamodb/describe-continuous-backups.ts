import { AwsError, type Host, type Operation, type Output, rejectUnknownMembers } from '../engine.ts';
import type { Database } from './database.ts';
import { requireTableName } from './input.ts';
import { type Context, onTable } from './permission.ts';
import type { Table } from './table.ts';

export function describeContinuousBackups(context: Context): Operation {
  return {
    permissions: (input) => [onTable(context, 'DescribeContinuousBackups', input.TableName)],
    handle(input) {
      rejectUnknownMembers('DescribeContinuousBackups', input, ['TableName']);
      const table = backedUpTable(context.database, requireTableName(context.host, input));
      return { ContinuousBackupsDescription: describeBackups(context.host, table) };
    },
  };
}

export function backedUpTable(database: Database, tableName: string): Table {
  const table = database.tables.get(tableName);
  if (table === undefined) {
    throw new AwsError('TableNotFoundException', `Table not found: ${tableName}`);
  }
  return table;
}

/** The setting is stored and shown as on AWS, but there are no backups to restore. */
export function describeBackups(host: Host, { definition }: Table): Output {
  const { recoveryPeriodDays, recoverySinceMs } = definition;
  if (recoveryPeriodDays === undefined || recoverySinceMs === undefined) {
    return {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
    };
  }
  // AWS can restore to any time up to five minutes ago.
  const latestMs = Math.max(recoverySinceMs, host.clock.now() - 5 * 60 * 1000);
  const earliestMs = Math.max(recoverySinceMs, host.clock.now() - recoveryPeriodDays * 24 * 60 * 60 * 1000);
  return {
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: {
      PointInTimeRecoveryStatus: 'ENABLED',
      RecoveryPeriodInDays: recoveryPeriodDays,
      EarliestRestorableDateTime: earliestMs / 1000,
      LatestRestorableDateTime: latestMs / 1000,
    },
  };
}
