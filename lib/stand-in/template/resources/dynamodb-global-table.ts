import { z } from 'zod';
import { flag, resourceType } from '../resource.ts';
import {
  createTable,
  deleteTable,
  fixedTableProperties,
  keySchemaElement,
  projection,
  type TableWish,
  tableProperties,
  tableValues,
  updateTable,
  waivedTableSettings,
  wishOf,
} from './dynamodb-table-calls.ts';

/** The CDK's TableV2. There is one Region here, so the one replica is the table. */
const properties = z.strictObject({
  ...tableProperties,
  BillingMode: z.literal('PAY_PER_REQUEST', 'A global table supports only on-demand billing.'),
  GlobalSecondaryIndexes: z
    .array(
      z.strictObject({
        IndexName: z.string(),
        KeySchema: z.array(keySchemaElement),
        Projection: projection,
      }),
    )
    .optional(),
  SSESpecification: waivedTableSettings.SSESpecification,
  Replicas: z
    .array(
      z.strictObject({
        Region: z.string(),
        DeletionProtectionEnabled: flag.optional(),
        /** Repeats the names of the indexes, with settings for the replica. */
        GlobalSecondaryIndexes: z
          .array(
            z.strictObject({
              IndexName: z.string(),
              ContributorInsightsSpecification: waivedTableSettings.ContributorInsightsSpecification,
            }),
          )
          .optional(),
        ...waivedTableSettings,
      }),
    )
    .length(1, 'There is one Region here, so a global table has exactly one replica.'),
});
type Properties = z.infer<typeof properties>;

const wish = (wanted: Properties): TableWish => ({
  ...wishOf(wanted),
  billingMode: wanted.BillingMode,
  throughput: undefined,
  globalIndexes: wanted.GlobalSecondaryIndexes ?? [],
  deletionProtection: wanted.Replicas[0]?.DeletionProtectionEnabled ?? false,
});

export const dynamodbGlobalTable = resourceType<Properties>({
  type: 'AWS::DynamoDB::GlobalTable',
  properties,
  replacedBy: fixedTableProperties,
  nameProperty: 'TableName',
  create: (wanted, context) => createTable(wish(wanted), context),
  update: (placed, wanted, before, context) => updateTable(placed, wish(wanted), wish(before), context),
  delete: (placed, _properties, context) => deleteTable(placed, context),
  values: (placed, _properties, context) => tableValues(placed, context),
});
