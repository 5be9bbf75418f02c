import { defineBus } from './lib/connectors/declaration.ts';

/**
 * The applications, topics, receivers and subscriptions that are deployed with the bus. More can be made at run time over the
 * API; both end up the same on AWS.
 */
export default defineBus({
  applications: {
    'example-shop': {
      description: 'The web shop',
      contacts: ['shop@example.com'],
      quotas: { publishPerSecond: 500 },
    },
  },
  topics: {
    'example-orders': {
      description: 'What happens to orders',
      schema: {
        type: 'object',
        required: ['orderId'],
        properties: { orderId: { type: 'string' }, amount: { type: 'number', minimum: 0 } },
      },
    },
  },
  receivers: {
    'example-warehouse': {
      // Another endpoint for each stage: cdk deploy --parameters ExampleWarehouseEndpoint=https://…
      endpoint: { parameter: 'ExampleWarehouseEndpoint', default: 'https://warehouse.example.com/events' },
    },
  },
  subscriptions: {
    'example-orders': { 'example-warehouse': { filter: { type: [{ prefix: 'order.' }] } } },
  },
});
