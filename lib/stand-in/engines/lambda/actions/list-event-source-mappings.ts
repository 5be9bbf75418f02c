import type { Operation } from '../../engine.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { parseFunctionName } from '../names.ts';
import { pageOf } from '../paging.ts';

export function listEventSourceMappings({ host, mappings }: Lambda): Operation {
  return {
    permissions: () => [{ action: 'lambda:ListEventSourceMappings', resource: '*' }],
    handle(input) {
      const members = membersOfLambda(input, 'ListEventSourceMappings');
      members.only('EventSourceArn', 'FunctionName', 'Marker', 'MaxItems');
      const source = members.string('EventSourceArn');
      const wanted = members.string('FunctionName');
      const name = wanted === undefined ? undefined : parseFunctionName(host, wanted);
      const size = Math.min(members.integer('MaxItems', 1, 10_000) ?? 100, 100);
      const matching = [...mappings.all()].filter(
        (mapping) =>
          (source === undefined || mapping.eventSourceArn === source) &&
          (name === undefined || mapping.functionName === name),
      );
      const { items, next } = pageOf(matching, ({ uuid }) => uuid, members.string('Marker'), size);
      return {
        EventSourceMappings: items.map(mappings.describe),
        ...(next === undefined ? {} : { NextMarker: next }),
      };
    },
  };
}
