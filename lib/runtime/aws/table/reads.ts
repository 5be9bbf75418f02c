import { type AttributeValue, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { liveRows, type TableContext } from './context.ts';
import { canBeKey, type Key, keyItem, type Row } from './row.ts';

export interface Search {
  readonly pk: string;
  readonly skFrom: string;
  readonly skTo: string;
  /** Texts of which a document contains one at least. */
  readonly holding: readonly string[];
}
/** Where the next page of a search begins. */
export type SearchPosition = Readonly<Record<string, AttributeValue>>;

/** Finds rows; an expired row is never found. */
export interface Reads {
  get(key: Key, options?: { consistent?: boolean }): Promise<Row | undefined>;
  /** Every row of a partition whose sort key begins with a prefix, in order. */
  query(pk: string, skPrefix?: string): Promise<Row[]>;
  /**
   * Up to `limit` rows of a partition after the sort key `after`, in order; one call, of at most 1 MB.
   * @param skPrefix only rows whose sort keys begin with it; `after` begins with it, too, unless it is empty.
   */
  page(
    pk: string,
    after: string,
    limit: number,
    skPrefix?: string,
  ): Promise<{ rows: Row[]; last: string | undefined }>;
  /**
   * Up to `limit` rows of a partition from the sort key `from` on and before the sort key `before`, the last one first;
   * one call, of at most 1 MB. `last` is the sort key to go on before, if there may be more.
   * @param holding only documents that contain all of these texts; the others count for the limit, too.
   */
  latest(
    pk: string,
    from: string,
    before: string,
    limit: number,
    holding?: readonly string[],
  ): Promise<{ rows: Row[]; last: string | undefined }>;
  /** The rows of a partition between two sort keys whose documents contain any of the texts; one page per call, newest first. */
  search(search: Search, after?: SearchPosition): Promise<{ rows: Row[]; next: SearchPosition | undefined }>;
  /** The count of a row that `increment` writes; 0 when there is none. */
  counter(key: Key): Promise<number>;
}

const containing = (texts: readonly string[], operator: 'AND' | 'OR') =>
  texts.map((_, at) => `contains(#document, :text${at})`).join(` ${operator} `);
const textValues = (texts: readonly string[]) =>
  Object.fromEntries(texts.map((text, at) => [`:text${at}`, { S: text }]));

export function createReads(context: TableContext): Reads {
  const { client, TableName } = context;

  return {
    async get(key, options = {}) {
      if (!canBeKey(key)) return undefined;
      const answer = await client.send(
        new GetItemCommand({ TableName, Key: keyItem(key), ConsistentRead: options.consistent ?? false }),
      );
      return liveRows(context, [answer.Item])[0];
    },

    async query(pk, skPrefix = '') {
      const rows: Row[] = [];
      let start: Record<string, AttributeValue> | undefined;
      do {
        const answer = await client.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: skPrefix === '' ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :sk)',
            ExpressionAttributeValues: {
              ':pk': { S: pk },
              ...(skPrefix !== '' && { ':sk': { S: skPrefix } }),
            },
            ConsistentRead: true,
            ...(start !== undefined && { ExclusiveStartKey: start }),
          }),
        );
        rows.push(...liveRows(context, answer.Items));
        start = answer.LastEvaluatedKey;
      } while (start !== undefined);
      return rows;
    },

    async page(pk, after, limit, skPrefix = '') {
      // A cursor may have been made up.
      if (!canBeKey({ pk, sk: after })) return { rows: [], last: undefined };
      const isPart = skPrefix !== '';
      const answer = await client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: isPart
            ? 'pk = :pk AND sk BETWEEN :from AND :to'
            : after === ''
              ? 'pk = :pk'
              : 'pk = :pk AND sk > :after',
          ExpressionAttributeValues: {
            ':pk': { S: pk },
            ...(isPart && {
              ':from': { S: after === '' ? skPrefix : `${after}\0` },
              // Above every text that begins with the prefix.
              ':to': { S: `${skPrefix}\u{10ffff}` },
            }),
            ...(!isPart && after !== '' && { ':after': { S: after } }),
          },
          ConsistentRead: true,
          Limit: limit,
        }),
      );
      return { rows: liveRows(context, answer.Items), last: answer.LastEvaluatedKey?.sk?.S };
    },

    async latest(pk, from, before, limit, holding = []) {
      if (from >= before) return { rows: [], last: undefined };
      const answer = await client.send(
        new QueryCommand({
          TableName,
          // BETWEEN includes its end, and there is no other way to say both.
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :before',
          ...(holding.length > 0 && {
            FilterExpression: containing(holding, 'AND'),
            ExpressionAttributeNames: { '#document': 'document' },
          }),
          ExpressionAttributeValues: {
            ':pk': { S: pk },
            ':from': { S: from },
            ':before': { S: before },
            ...textValues(holding),
          },
          ScanIndexForward: false,
          Limit: limit,
        }),
      );
      const rows = liveRows(context, answer.Items).filter(({ sk }) => sk !== before);
      return { rows, last: answer.LastEvaluatedKey?.sk?.S };
    },

    async search({ pk, skFrom, skTo, holding }, after) {
      const answer = await client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
          FilterExpression: containing(holding, 'OR'),
          ExpressionAttributeNames: { '#document': 'document' },
          ExpressionAttributeValues: {
            ':pk': { S: pk },
            ':from': { S: skFrom },
            ':to': { S: skTo },
            ...textValues(holding),
          },
          ScanIndexForward: false,
          ...(after !== undefined && { ExclusiveStartKey: after }),
        }),
      );
      return { rows: liveRows(context, answer.Items), next: answer.LastEvaluatedKey };
    },

    async counter(key) {
      const answer = await client.send(
        new GetItemCommand({ TableName, Key: keyItem(key), ConsistentRead: true }),
      );
      return Number(answer.Item?.count?.N ?? 0);
    },
  };
}
