import { z } from 'zod';
import { flag, resourceType, waived } from '../resource.ts';
import {
  createTable,
  deleteTable,
  fixedTableProperties,
  keySchemaElement,
  projection,
  provisionedThroughput,
  type TableWish,
  tableProperties,
  tableValues,
  updateTable,
  waivedTableSettings,
  wishOf,
} from './dynamodb-table-calls.ts';

const properties = z.strictObject({
  ...tableProperties,
  BillingMode: z.string().optional(),
  ProvisionedThroughput: provisionedThroughput.optional(),
  GlobalSecondaryIndexes: z
    .array(
      z.strictObject({
        IndexName: z.string(),
        KeySchema: z.array(keySchemaElement),
        Projection: projection,
        ProvisionedThroughput: provisionedThroughput.optional(),
        ContributorInsightsSpecification: waived('There is no CloudWatch here.'),
      }),
    )
    .optional(),
  DeletionProtectionEnabled: flag.optional(),
  ...waivedTableSettings,
});
type Properties = z.infer<typeof properties>;

const wish = (wanted: Properties): TableWish => ({
  ...wishOf(wanted),
  billingMode: wanted.BillingMode,
  throughput: wanted.ProvisionedThroughput,
  globalIndexes: wanted.GlobalSecondaryIndexes ?? [],
  deletionProtection: wanted.DeletionProtectionEnabled ?? false,
});

export const dynamodbTable = resourceType<Properties>({
  type: 'AWS::DynamoDB::Table',
  properties,
  replacedBy: fixedTableProperties,
  nameProperty: 'TableName',
  create: (wanted, context) => createTable(wish(wanted), context),
  update: (placed, wanted, before, context) => updateTable(placed, wish(wanted), wish(before), context),
  delete: (placed, _properties, context) => deleteTable(placed, context),
  values: (placed, _properties, context) => tableValues(placed, context),
});
