import { z } from 'zod';
import {
  type Account,
  integer,
  orUndo,
  type Placed,
  type ResourceContext,
  type ResourceValues,
  unlessGone,
  waived,
} from '../resource.ts';

/** What both table types of CloudFormation reduce to: one table in one Region. */
export interface TableWish {
  readonly tableName: string | undefined;
  readonly attributeDefinitions: readonly z.infer<typeof attributeDefinition>[];
  readonly keySchema: readonly z.infer<typeof keySchemaElement>[];
  readonly billingMode: string | undefined;
  readonly throughput: z.infer<typeof provisionedThroughput> | undefined;
  readonly globalIndexes: readonly Readonly<Record<string, unknown> & { IndexName: string }>[];
  readonly localIndexes: readonly Readonly<Record<string, unknown> & { IndexName: string }>[];
  readonly streamViewType: string | undefined;
  /** The attribute with the expiry time, when time to live is enabled. */
  readonly timeToLiveAttribute: string | undefined;
  readonly deletionProtection: boolean;
}

const attributeDefinition = z.strictObject({ AttributeName: z.string(), AttributeType: z.string() });
export const keySchemaElement = z.strictObject({ AttributeName: z.string(), KeyType: z.string() });
export const projection = z.strictObject({
  ProjectionType: z.string().optional(),
  NonKeyAttributes: z.array(z.string()).optional(),
});
export const provisionedThroughput = z.strictObject({
  ReadCapacityUnits: integer,
  WriteCapacityUnits: integer,
});
const timeToLive = z.strictObject({
  AttributeName: z.string().optional(),
  Enabled: z.union([z.boolean(), z.enum(['true', 'false']).transform((word) => word === 'true')]),
});
const localSecondaryIndex = z.strictObject({
  IndexName: z.string(),
  KeySchema: z.array(keySchemaElement),
  Projection: projection,
});

/** The properties that both types share. */
export const tableProperties = {
  TableName: z.string().optional(),
  AttributeDefinitions: z.array(attributeDefinition),
  KeySchema: z.array(keySchemaElement),
  LocalSecondaryIndexes: z.array(localSecondaryIndex).optional(),
  StreamSpecification: z.strictObject({ StreamViewType: z.string() }).optional(),
  TimeToLiveSpecification: timeToLive.optional(),
};

/** The properties of both types that AWS cannot change on a table. */
export const fixedTableProperties = ['TableName', 'KeySchema', 'LocalSecondaryIndexes'] as const;

/** The part of the table that both types describe in the same way. */
export const wishOf = (wanted: z.infer<z.ZodObject<typeof tableProperties>>) => ({
  tableName: wanted.TableName,
  attributeDefinitions: wanted.AttributeDefinitions,
  keySchema: wanted.KeySchema,
  localIndexes: wanted.LocalSecondaryIndexes ?? [],
  streamViewType: wanted.StreamSpecification?.StreamViewType,
  timeToLiveAttribute:
    wanted.TimeToLiveSpecification?.Enabled === true
      ? wanted.TimeToLiveSpecification.AttributeName
      : undefined,
});

/** Settings of both types without meaning on this machine. */
export const waivedTableSettings = {
  SSESpecification: waived('AWS encrypts at rest; here the data file is on your own disk.'),
  ContributorInsightsSpecification: waived('There is no CloudWatch here.'),
  PointInTimeRecoverySpecification: waived('There are no backups here; copy the data directory.'),
  TableClass: waived('A storage class changes only the price.'),
  Tags: waived('No supported policy reads the tags of a table.'),
};

export async function createTable(wish: TableWish, { account, name }: ResourceContext): Promise<Placed> {
  const TableName = wish.tableName ?? name({ maxLength: 255 });
  await account.call('dynamodb', 'CreateTable', {
    TableName,
    AttributeDefinitions: wish.attributeDefinitions,
    KeySchema: wish.keySchema,
    BillingMode: wish.billingMode ?? 'PROVISIONED',
    ...(wish.throughput === undefined ? {} : { ProvisionedThroughput: wish.throughput }),
    ...(wish.globalIndexes.length === 0 ? {} : { GlobalSecondaryIndexes: wish.globalIndexes }),
    ...(wish.localIndexes.length === 0 ? {} : { LocalSecondaryIndexes: wish.localIndexes }),
    ...(wish.streamViewType === undefined
      ? {}
      : { StreamSpecification: { StreamEnabled: true, StreamViewType: wish.streamViewType } }),
    DeletionProtectionEnabled: wish.deletionProtection,
  });
  return await orUndo(
    async () => {
      await setTimeToLive(account, TableName, wish.timeToLiveAttribute, undefined);
      return { physicalId: TableName };
    },
    () => account.call('dynamodb', 'DeleteTable', { TableName }),
  );
}

/** UpdateTable takes one change at a time. */
export async function updateTable(
  placed: Placed,
  wish: TableWish,
  before: TableWish,
  { account }: ResourceContext,
): Promise<Placed> {
  const TableName = placed.physicalId;
  const change = (input: Readonly<Record<string, unknown>>) =>
    account.call('dynamodb', 'UpdateTable', { TableName, ...input });
  if (wish.deletionProtection !== before.deletionProtection) {
    await change({ DeletionProtectionEnabled: wish.deletionProtection });
  }
  if (wish.billingMode !== before.billingMode || differ(wish.throughput, before.throughput)) {
    await change({
      BillingMode: wish.billingMode ?? 'PROVISIONED',
      ...(wish.throughput === undefined ? {} : { ProvisionedThroughput: wish.throughput }),
    });
  }
  if (wish.streamViewType !== before.streamViewType) {
    // A stream cannot change its view type; it is disabled, and another one is enabled.
    if (before.streamViewType !== undefined) await change({ StreamSpecification: { StreamEnabled: false } });
    if (wish.streamViewType !== undefined) {
      await change({ StreamSpecification: { StreamEnabled: true, StreamViewType: wish.streamViewType } });
    }
  }
  for (const old of before.globalIndexes) {
    const now = wish.globalIndexes.find(({ IndexName }) => IndexName === old.IndexName);
    if (now === undefined || differ(now, old)) {
      await change({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: old.IndexName } }] });
    }
  }
  for (const now of wish.globalIndexes) {
    const old = before.globalIndexes.find(({ IndexName }) => IndexName === now.IndexName);
    if (old === undefined || differ(now, old)) {
      await change({
        AttributeDefinitions: wish.attributeDefinitions,
        GlobalSecondaryIndexUpdates: [{ Create: now }],
      });
    }
  }
  await setTimeToLive(account, TableName, wish.timeToLiveAttribute, before.timeToLiveAttribute);
  return placed;
}

const differ = (left: unknown, right: unknown) => JSON.stringify(left) !== JSON.stringify(right);

async function setTimeToLive(
  account: Account,
  TableName: string,
  wanted: string | undefined,
  before: string | undefined,
): Promise<void> {
  if (wanted === before) return;
  const set = (AttributeName: string, Enabled: boolean) =>
    account.call('dynamodb', 'UpdateTimeToLive', {
      TableName,
      TimeToLiveSpecification: { AttributeName, Enabled },
    });
  if (before !== undefined) await set(before, false);
  if (wanted !== undefined) await set(wanted, true);
}

export async function deleteTable(placed: Placed, { account }: ResourceContext): Promise<void> {
  await unlessGone(
    () => account.call('dynamodb', 'DeleteTable', { TableName: placed.physicalId }),
    ['ResourceNotFoundException'],
  );
}

export async function tableValues(placed: Placed, { account }: ResourceContext): Promise<ResourceValues> {
  const described = await account.call('dynamodb', 'DescribeTable', { TableName: placed.physicalId });
  const table = described?.Table as Readonly<Record<string, unknown>> | undefined;
  return {
    ref: placed.physicalId,
    attributes: { Arn: table?.TableArn, StreamArn: table?.LatestStreamArn, TableId: table?.TableId },
  };
}
