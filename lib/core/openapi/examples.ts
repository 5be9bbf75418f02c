import type { CallName } from './call.ts';

/** Examples of what calls take. The acceptance tests send every one of them to the running bus. */

export const examples: Readonly<Partial<Record<CallName, unknown>>> = {
  'PUT /v1/topics/{topic}': {
    description: 'What happens to orders',
    schema: { type: 'object', required: ['orderId'], properties: { orderId: { type: 'string' } } },
    dedupSeconds: 3600,
    trace: 'all',
    holdWhen: {
      backlogEvents: 10_000,
      backlogSeconds: 60,
      releaseBelow: { backlogEvents: 1000 },
      perSecond: 50,
    },
  },
  'PUT /v1/topics/{topic}/subscriptions/{receiver}': {
    filter: { type: [{ prefix: 'order.' }], data: { total: [{ numeric: ['>=', 100] }] } },
  },
  'PUT /v1/topics/{topic}/hold': { reason: 'The warehouse is being moved' },
  'PUT /v1/receivers/{receiver}': {
    endpoint: 'https://billing.example.com/events',
    format: 'binary',
    timeoutSeconds: 10,
    retry: {
      delaysSeconds: [5, 30, 120],
      types: { 'order.placed': { delaysSeconds: [1, 5, 30, 120, 600] } },
      businessFailures: 'dead-letter',
    },
    breaker: { probe: 'head', failureRate: 0.5, windowSeconds: 300, minimumAttempts: 10 },
    limits: { concurrency: 20, perSecond: 50, perType: 10 },
    headers: { 'x-tenant': 'acme' },
  },
  'POST /v1/receivers/{receiver}/skip': { before: '2026-01-31T12:00:00Z' },
  'POST /v1/receivers/{receiver}/rotate-secret': { overlapSeconds: 3600 },
  'POST /v1/receivers/{receiver}/breaker': { state: 'auto' },
  'POST /v1/receivers/{receiver}/redrive': { cause: 'http-503', perSecond: 10 },
  'PATCH /v1/events': { deliverAt: '2027-01-31T12:00:00Z' },
  'PATCH /v1/events/{id}': { delaySeconds: 3600 },
  'POST /v1/events/{id}/deliveries': { receiver: 'billing' },
  'PUT /v1/schedules/{schedule}': {
    topic: 'orders',
    cron: '30 8 * * 1-5',
    timezone: 'Europe/Berlin',
    misfire: 'skip',
    event: { type: 'orders.due', data: { orderId: 'all' } },
  },
  'POST /v1/transactions': {
    events: [
      { topic: 'orders', type: 'order.placed', data: { orderId: '1001' } },
      { receiver: 'billing', specversion: '1.0', id: '1001', source: '/shop', type: 'invoice.wanted' },
    ],
    checkAfterSeconds: 60,
  },
};

const cloudEvent = {
  specversion: '1.0',
  id: '1001-placed',
  source: '/shop',
  type: 'order.placed',
  subject: '1001',
  time: '2026-01-31T12:00:00Z',
  datacontenttype: 'application/json',
  data: { orderId: '1001', total: 12.5 },
};

export const eventExamples = {
  shorthand: {
    one: { value: { type: 'order.placed', data: { orderId: '1001', total: 12.5 } } },
    delayed: { value: [{ type: 'order.reminded', data: { orderId: '1001' }, delaySeconds: 3600 }] },
  },
  structured: { one: { value: cloudEvent } },
  batched: { some: { value: [cloudEvent, { ...cloudEvent, id: '1001-paid', type: 'order.paid' }] } },
  binary: { one: { value: { orderId: '1001', total: 12.5 } } },
} as const;
