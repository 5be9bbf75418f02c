import { z } from 'zod';
import { flag, resourceType, waived } from '../resource.ts';
import {
  attributeDefinition,
  createTable,
  deleteTable,
  keySchemaElement,
  localSecondaryIndex,
  projection,
  provisionedThroughput,
  type TableWish,
  tableValues,
  timeToLive,
  updateTable,
  waivedTableSettings,
} from './dynamodb-table-calls.ts';

const properties = z.strictObject({
  TableName: z.string().optional(),
  AttributeDefinitions: z.array(attributeDefinition),
  KeySchema: z.array(keySchemaElement),
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
  LocalSecondaryIndexes: z.array(localSecondaryIndex).optional(),
  StreamSpecification: z.strictObject({ StreamViewType: z.string() }).optional(),
  TimeToLiveSpecification: timeToLive.optional(),
  DeletionProtectionEnabled: flag.optional(),
  ...waivedTableSettings,
});
type Properties = z.infer<typeof properties>;

const wish = (wanted: Properties): TableWish => ({
  tableName: wanted.TableName,
  attributeDefinitions: wanted.AttributeDefinitions,
  keySchema: wanted.KeySchema,
  billingMode: wanted.BillingMode,
  throughput: wanted.ProvisionedThroughput,
  globalIndexes: wanted.GlobalSecondaryIndexes ?? [],
  localIndexes: wanted.LocalSecondaryIndexes ?? [],
  streamViewType: wanted.StreamSpecification?.StreamViewType,
  timeToLiveAttribute:
    wanted.TimeToLiveSpecification?.Enabled === true
      ? wanted.TimeToLiveSpecification.AttributeName
      : undefined,
  deletionProtection: wanted.DeletionProtectionEnabled ?? false,
});

export const dynamodbTable = resourceType<Properties>({
  type: 'AWS::DynamoDB::Table',
  properties,
  replacedBy: ['TableName', 'KeySchema', 'LocalSecondaryIndexes'],
  nameProperty: 'TableName',
  create: (wanted, context) => createTable(wish(wanted), context),
  update: (placed, wanted, before, context) => updateTable(placed, wish(wanted), wish(before), context),
  delete: (placed, _properties, context) => deleteTable(placed, context),
  values: (placed, _properties, context) => tableValues(placed, context),
});
