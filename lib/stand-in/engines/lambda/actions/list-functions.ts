import type { Operation } from '../../engine.ts';
import { describeFunction } from '../configuration.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { pageOf } from '../paging.ts';

export function listFunctions({ functions }: Lambda): Operation {
  return {
    permissions: () => [{ action: 'lambda:ListFunctions', resource: '*' }],
    handle(input) {
      const members = membersOfLambda(input, 'ListFunctions');
      members.only('Marker', 'MaxItems', 'FunctionVersion');
      // A page holds 50 functions, whatever the request asks for.
      const size = Math.min(members.integer('MaxItems', 1, 10_000) ?? 50, 50);
      const { items, next } = pageOf(functions.all(), ({ name }) => name, members.string('Marker'), size);
      return { Functions: items.map(describeFunction), ...(next === undefined ? {} : { NextMarker: next }) };
    },
  };
}
