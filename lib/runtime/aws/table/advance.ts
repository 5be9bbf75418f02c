import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Key, keyItem } from './row.ts';

/** The bounds of an advance. `isBehind` is the caller's guess whether the number is below `atLeast`. */
export interface Bounds {
  readonly atLeast: number;
  readonly atMost: number;
  readonly isBehind: boolean;
}

export interface Advanced {
  readonly advanced: boolean;
  readonly value: number;
}

/** Advances the number `value` of a row; see `ConditionalWrites.advance`. `value` is the number after the call. */
export async function advance(
  client: DynamoDBClient,
  TableName: string,
  key: Key,
  by: number,
  bounds: Bounds,
  expiresAtSeconds: number,
): Promise<Advanced> {
  const { atLeast, atMost } = bounds;
  const update = (expression: string, condition: string, values: Record<string, number>) =>
    client.send(
      new UpdateItemCommand({
        TableName,
        Key: keyItem(key),
        UpdateExpression: `SET #value = ${expression}, expiresAt = :expiresAt`,
        ConditionExpression: condition,
        ExpressionAttributeNames: { '#value': 'value' },
        ExpressionAttributeValues: Object.fromEntries(
          Object.entries({ ...values, ':expiresAt': expiresAtSeconds }).map(([name, value]) => [
            name,
            { N: String(value) },
          ]),
        ),
        ReturnValues: 'UPDATED_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
  // Only a refused write tells whether the guess was right; others may advance the row in between.
  for (let isBehind = bounds.isBehind; ; isBehind = !isBehind) {
    try {
      if (isBehind) {
        await update(':start', 'attribute_not_exists(#value) OR #value < :atLeast', {
          ':start': atLeast + by,
          ':atLeast': atLeast,
        });
        return { advanced: true, value: atLeast + by };
      }
      const answer = await update('#value + :by', '#value BETWEEN :atLeast AND :atMost', {
        ':by': by,
        ':atLeast': atLeast,
        ':atMost': atMost,
      });
      return { advanced: true, value: Number(answer.Attributes?.value?.N) };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const value = Number(error.Item?.value?.N ?? Number.NEGATIVE_INFINITY);
      if (value > atMost) return { advanced: false, value };
    }
  }
}
