import { type Input, type Operation, rejectUnknownMembers } from '../engine.ts';
import { isInSegment, type Segment } from './collection.ts';
import { validation } from './errors.ts';
import { Bindings, rejectStrayBindings } from './expressions/bindings.ts';
import { readCondition, readProjection } from './expressions/index.ts';
import { optionalInteger, requireTableName } from './input.ts';
import { pageMembers, readPage, readPageRequest, readStartKey } from './page.ts';
import { type Context, onTable } from './permission.ts';

const members = [...pageMembers, 'Segment', 'TotalSegments'];

export function scan(context: Context): Operation {
  return {
    permissions(input) {
      const permission = onTable(context, 'Scan', input.TableName);
      if (typeof input.IndexName !== 'string') return [permission];
      return [{ ...permission, resource: `${permission.resource}/index/${input.IndexName}` }];
    },
    handle(input) {
      rejectUnknownMembers('Scan', input, members);
      requireTableName(context.host, input);
      rejectStrayBindings(input, ['ProjectionExpression', 'FilterExpression']);
      const segment = readSegment(input);
      const bindings = new Bindings(input);
      const filter = readCondition(input, 'FilterExpression', bindings);
      const projection = readProjection(input, bindings);
      bindings.rejectUnused();
      const request = readPageRequest(context.host, context.database, input, filter, projection);
      const after = readStartKey(input, request);
      if (after !== undefined && segment !== undefined && !isInSegment(after.partition, segment)) {
        throw validation(
          'The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey ' +
            `with correct Segment. TotalSegments: ${segment.totalSegments} Segment: ${segment.segment}`,
        );
      }
      return readPage(context.host, request, request.collection.scan(segment, after));
    },
  };
}

function readSegment(input: Input): Segment | undefined {
  const segment = optionalInteger(input, 'Segment', 0, 999_999);
  const totalSegments = optionalInteger(input, 'TotalSegments', 1, 1_000_000);
  if (segment === undefined && totalSegments === undefined) return undefined;
  if (totalSegments === undefined) {
    throw validation(
      'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
    );
  }
  if (segment === undefined) {
    throw validation(
      'The Segment parameter is required but was not present in the request when parameter TotalSegments is present',
    );
  }
  if (segment >= totalSegments) {
    throw validation(
      'The Segment parameter is zero-based and must be less than parameter TotalSegments: ' +
        `Segment: ${segment} is not less than TotalSegments: ${totalSegments}`,
    );
  }
  return { segment, totalSegments };
}
