import { describe, expect, it } from 'vitest';
import declared from '../../../busbar.config.ts';
import { defineBus, parseDeclaration } from '../../../lib/connectors/declaration.ts';
import { pathsOf, refusalOf } from '../refusal.ts';

const endpoint = 'https://example.com/events';

/** What a declaration is that says nothing about them. */
const others = { applications: {}, members: { makeTopics: 'freely' }, dropWaitingOf: [] };

describe('a declaration', () => {
  it('may leave everything out', () => {
    expect(defineBus({})).toEqual({ topics: {}, receivers: {}, subscriptions: {}, bridges: {}, ...others });
  });

  it('keeps what a team writes', () => {
    const input = {
      topics: { orders: { description: 'x', schema: { type: 'object' }, dedupSeconds: 60 } },
      receivers: {
        shop: { endpoint, format: 'binary' as const },
        crm: { endpoint: { parameter: 'CrmEndpoint', default: endpoint } },
      },
      subscriptions: { orders: { shop: {}, crm: { filter: { type: ['a'] } } } },
    };
    expect(defineBus(input)).toEqual({ ...input, bridges: {}, ...others });
  });

  it('survives its way through CloudFormation as JSON', () => {
    expect(parseDeclaration(JSON.parse(JSON.stringify(declared)))).toEqual(declared);
  });

  it.each<[string, object, path: string]>([
    ['an unknown part', { queues: {} }, 'queues'],
    ['an unknown field', { topics: { orders: { retention: 5 } } }, 'topics.orders.retention'],
    ['a wrong name', { topics: { Orders: {} } }, 'topics.Orders'],
    [
      'a secret, which belongs in no repository',
      { receivers: { shop: { endpoint, secret: 'whsec_x' } } },
      'receivers.shop.secret',
    ],
    ['a receiver without an endpoint', { receivers: { shop: {} } }, 'receivers.shop.endpoint'],
    [
      'a parameter of a wrong name',
      { receivers: { shop: { endpoint: { parameter: 'shop-endpoint', default: endpoint } } } },
      'receivers.shop.endpoint',
    ],
    [
      'a subscription to a topic that nothing declares',
      { receivers: { shop: { endpoint } }, subscriptions: { orders: { shop: {} } } },
      'subscriptions.orders',
    ],
    [
      'a subscription of a receiver that nothing declares',
      { topics: { orders: {} }, subscriptions: { orders: { shop: {} } } },
      'subscriptions.orders.shop',
    ],
    [
      'a topic that only every object has',
      { receivers: { shop: { endpoint } }, subscriptions: { constructor: { shop: {} } } },
      'subscriptions.constructor',
    ],
  ])('with %s is refused, naming the path', (_, value, path) => {
    const error = refusalOf(() => parseDeclaration(value));
    expect(error.code).toBe('invalid_request');
    expect(pathsOf(error).some((named) => named.startsWith(path))).toBe(true);
  });

  it('with a wrong filter is refused as one', () => {
    const value = {
      topics: { orders: {} },
      receivers: { shop: { endpoint } },
      subscriptions: { orders: { shop: { filter: { type: 'a' } } } },
    };
    expect(refusalOf(() => parseDeclaration(value)).code).toBe('invalid_filter');
  });
});
