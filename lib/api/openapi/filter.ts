import { filterOperators } from '../../core/filter/filter.ts';
import type { JsonSchema } from './json-schema.ts';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** Filters in the SNS filter-policy language, as `core/filter.ts` checks them; what an operator takes is up to SNS. */
export const filterSchemas: Readonly<Record<string, JsonSchema>> = {
  Filter: {
    type: 'object',
    minProperties: 1,
    description:
      'An SNS filter policy: attributes of the event, and under `data` what its data holds, each with the list of what it may be.',
    properties: {
      $or: { type: 'array', minItems: 2, items: ref('Filter') },
      data: { anyOf: [ref('FilterOfData'), ref('FilterValues')] },
    },
    additionalProperties: ref('FilterValues'),
    examples: [{ type: [{ prefix: 'order.' }], data: { total: [{ numeric: ['>=', 100] }] } }],
  },
  FilterOfData: {
    type: 'object',
    minProperties: 1,
    properties: { $or: { type: 'array', minItems: 2, items: ref('FilterOfData') } },
    additionalProperties: { anyOf: [ref('FilterOfData'), ref('FilterValues')] },
  },
  FilterValues: {
    type: 'array',
    minItems: 1,
    items: {
      anyOf: [
        { type: ['string', 'number', 'boolean', 'null'] },
        {
          type: 'object',
          minProperties: 1,
          maxProperties: 1,
          propertyNames: { enum: [...filterOperators] },
        },
      ],
    },
  },
};
