import { describe, expect, it } from 'vitest';
import { needFor } from '../../../lib/api/call.ts';
import { apiCalls } from '../../../lib/api/calls.ts';
import { roles } from '../../../lib/core/access/access.ts';
import { type Need, requireAllowed } from '../../../lib/core/access/decide.ts';
import { refusalOf } from '../refusal.ts';

const needs: Need[] = ['nothing', 'read', 'manage', 'transact', { publish: 'orders' }, { invoke: 'billing' }];
const scopes = [
  undefined,
  'read',
  'manage',
  'publish:orders',
  'publish:ord*',
  'publish:*',
  'publish:other',
  'invoke:billing',
  'invoke:*',
] as const;

/** What each scope allows of the needs above, in their order. */
const covered: Readonly<Record<string, string>> = {
  undefined: 'yyyyyy',
  read: 'yynnnn',
  manage: 'ynynnn',
  'publish:orders': 'ynnyyn',
  'publish:ord*': 'ynnyyn',
  'publish:*': 'ynnyyn',
  'publish:other': 'ynnynn',
  'invoke:billing': 'ynnyny',
  'invoke:*': 'ynnyny',
};
const ofRole = { admin: 'yyyyyy', member: 'yyyyyy', viewer: 'yynnnn' };

const textOf = (need: Need) => (typeof need === 'string' ? need : Object.entries(need).join());
const table = roles.flatMap((role) =>
  scopes.flatMap((scope) =>
    needs.map((need, at) => {
      const isAllowed = ofRole[role][at] === 'y' && covered[String(scope)]?.[at] === 'y';
      return { role, scope, need, text: textOf(need), isAllowed };
    }),
  ),
);

describe('role × scope × need', () => {
  it.each(table)('$role with $scope, for $text: $isAllowed', ({ role, scope, need, isAllowed }) => {
    const principal = { application: 'shop', role, ...(scope !== undefined && { scopes: [scope] }) };
    const decide = () => requireAllowed(principal, need);
    if (isAllowed) expect(decide).not.toThrow();
    else expect(refusalOf(decide).code).toBe('forbidden');
  });

  it('takes the union of several scopes', () => {
    const principal = { application: 'shop', role: 'member', scopes: ['read', 'publish:a'] } as const;
    expect(() => requireAllowed(principal, 'read')).not.toThrow();
    expect(() => requireAllowed(principal, { publish: 'a' })).not.toThrow();
    expect(refusalOf(() => requireAllowed(principal, { publish: 'b' })).message).toMatch(/read, publish:a/);
  });
});

describe('what calls need', () => {
  const named = apiCalls.map((call) => ({ call, name: `${call.method} ${call.path}` }));

  it.each(named)('$name', ({ call }) => {
    const need = needFor(call, { topic: 'orders', receiver: 'billing' });
    // A viewer passes exactly the calls that only read.
    const viewer = () => requireAllowed({ application: 'shop', role: 'viewer' }, need);
    // A filter that is tried out needs a body, and changes nothing; a viewer hands on what it may itself.
    const isRead =
      call.caller === 'anyone' ||
      call.method === 'GET' ||
      ['/v1/topics/{topic}/match', '/v1/sign-in-links'].includes(call.path);
    if (isRead) expect(viewer).not.toThrow();
    else expect(refusalOf(viewer).code).toBe('forbidden');
  });

  it('is to publish or invoke where events come in, by the name in the path', () => {
    const needOf = (name: string) => {
      const found = named.find((each) => each.name === name);
      if (found === undefined) throw new Error(`There is no call ${name}.`);
      return needFor(found.call, { topic: 'orders', receiver: 'billing' });
    };
    expect(needOf('POST /v1/topics/{topic}/events')).toEqual({ publish: 'orders' });
    expect(needOf('POST /v1/receivers/{receiver}/events')).toEqual({ invoke: 'billing' });
    expect(needOf('POST /v1/transactions')).toBe('transact');
  });
});
