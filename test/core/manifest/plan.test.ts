import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseText, yamlOf } from '../../../lib/cli/applying/text.ts';
import { sinks } from '../../../lib/connectors/index.ts';
import { type Live, type Manifest, manifestOf, parseManifest } from '../../../lib/core/manifest/manifest.ts';
import { ownersOf, planOf, stepName } from '../../../lib/core/manifest/plan.ts';

const nothing: Live = { topics: [], receivers: [], subscriptions: [], schedules: [] };
const endpoint = 'https://billing.example.com';
const made = { owner: 'shop', declared: false, createdAt: 'x', updatedAt: 'x', incarnation: 'a' };

const steps = (manifest: Manifest, live: Live, prune?: string[]) =>
  planOf(sinks, parseManifest(sinks, manifest), live, prune && { owners: new Set(prune) }).steps.map(
    ({ action, kind, name }) => `${action} ${kind} ${name}`,
  );
/** What changes of one receiver. */
const changes = (shown: object, wanted: object) =>
  planOf(
    sinks,
    { receivers: { billing: wanted as Record<string, unknown> } },
    { ...nothing, receivers: [{ receiver: 'billing', endpoint, ...made, ...shown }] },
  ).steps.flatMap(({ fields }) => fields);

describe('a plan', () => {
  it('creates what is missing, each after what it needs', () => {
    const manifest = {
      schedules: { nightly: { receiver: 'billing', everySeconds: 60, event: { type: 'due' } } },
      subscriptions: { orders: { billing: {} } },
      receivers: { billing: { endpoint } },
      topics: { orders: {} },
    };
    const plan = planOf(sinks, manifest, nothing);
    expect(plan.steps.map(stepName)).toEqual([
      'topic orders',
      'receiver billing',
      'subscription orders/billing',
      'schedule nightly',
    ]);
    expect(plan.steps.map(({ needs }) => needs)).toEqual([
      [],
      [],
      ['topic orders', 'receiver billing'],
      ['receiver billing'],
    ]);
  });

  it.each([
    ['a setting', { limits: { perSecond: 5 } }, { limits: { perSecond: 6 } }, ['limits.perSecond', 5, 6]],
    ['a setting that is left out', { timeoutSeconds: 5 }, {}, ['timeoutSeconds', 5, undefined]],
    [
      'a list',
      { retry: { delaysSeconds: [1] } },
      { retry: { delaysSeconds: [1, 2] } },
      ['retry.delaysSeconds', [1], [1, 2]],
    ],
    ['a header', {}, { headers: { 'x-key': 'abc' } }, ['headers.x-key', undefined, '(secret)']],
    ['a removed header', { headers: { a: '(hidden)' } }, {}, ['headers.a', '(secret)', undefined]],
    ['the owner', {}, { owner: 'crm' }, ['owner', 'shop', 'crm']],
  ] as const)('changes %s, field by field', (_, shown, wanted, [path, before, after]) => {
    expect(changes(shown, { endpoint, ...wanted })).toEqual([
      { path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) },
    ]);
  });

  it.each([
    ['left out, of what the bus fills in', { validate: 'handshake' }, {}],
    ['empty', {}, { limits: {}, breaker: {} }],
    ['a header that is hidden', { headers: { a: '(hidden)' } }, { headers: { a: 'abc' } }],
    ['a secret that is never shown', {}, { secret: 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0' }],
    [
      'the secret of a client',
      { oauth2: { tokenUrl: endpoint, clientId: 'a' } },
      { oauth2: { clientId: 'a', tokenUrl: endpoint, clientSecret: 's' } },
    ],
  ])('changes nothing that is %s', (_, shown, wanted) => {
    expect(changes(shown, { endpoint, ...wanted })).toEqual([]);
  });

  it('shows no secret, and sends none for a change of something else', () => {
    const secret = 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0';
    const wanted = {
      endpoint,
      secret,
      headers: { 'x-a': 'hush', 'X-P': 'seen' },
      publicHeaders: ['x-p'],
      oauth2: { tokenUrl: endpoint, clientId: 'a', clientSecret: 'hush' },
    };
    const [created] = planOf(sinks, { receivers: { billing: wanted } }, nothing).steps;
    expect(JSON.stringify(created?.fields)).not.toMatch(/hush|whsec/);
    expect(JSON.stringify(created?.fields)).toContain('seen');
    const shown = { receiver: 'billing', endpoint, ...made, timeoutSeconds: 3 };
    const [changed] = planOf(
      sinks,
      { receivers: { billing: wanted } },
      { ...nothing, receivers: [shown] },
    ).steps;
    expect(JSON.stringify(changed?.fields)).not.toMatch(/hush|whsec/);
    expect([created?.settings?.secret, changed?.settings?.secret]).toEqual([secret, undefined]);
  });

  it('leaves alone what is declared, and says so', () => {
    const live = { ...nothing, topics: [{ ...made, topic: 'orders', declared: true }] };
    const plan = planOf(sinks, { topics: { orders: { description: 'x' } } }, live, {
      owners: new Set(['shop']),
    });
    expect(plan).toEqual({ steps: [], declared: ['topic orders'] });
    expect(steps({ topics: {} }, live, ['shop'])).toEqual([]);
  });

  const full: Live = {
    topics: [
      { ...made, topic: 'orders' },
      { ...made, topic: 'theirs', owner: 'crm' },
    ],
    receivers: [{ ...made, receiver: 'billing', endpoint }],
    subscriptions: [
      { topic: 'orders', receiver: 'billing' },
      { topic: 'theirs', receiver: 'billing' },
    ],
    schedules: [{ ...made, schedule: 'nightly', topic: 'orders', everySeconds: 60, event: { type: 'due' } }],
  };

  it('deletes nothing unless it is told to', () => {
    expect(steps({ topics: {}, receivers: {}, subscriptions: {}, schedules: {} }, full)).toEqual([]);
  });

  it('deletes of the named owners and sections what is not named, users before what they use', () => {
    const everything = { topics: {}, receivers: {}, subscriptions: {}, schedules: {} };
    expect(steps(everything, full, ['shop'])).toEqual([
      'delete schedule nightly',
      'delete subscription orders/billing',
      'delete subscription theirs/billing',
      'delete receiver billing',
      'delete topic orders',
    ]);
    expect(steps({ topics: {} }, full, ['crm'])).toEqual(['delete topic theirs']);
    expect(steps({ subscriptions: { orders: { billing: {} } } }, full, ['shop'])).toEqual([
      'delete subscription theirs/billing',
    ]);
    expect(steps(everything, full, [])).toEqual([]);
  });

  it('speaks of the owners that the manifest names, and of the caller where it names none', () => {
    expect(ownersOf({ topics: { a: { owner: 'shop' } }, receivers: { b: {} } }, 'me')).toEqual(
      new Set(['shop', 'me']),
    );
    expect(ownersOf({ topics: {} }, 'me')).toEqual(new Set());
  });
});

describe('a manifest', () => {
  it.each([
    [{ topcs: {} }, 'topcs: is not a known field'],
    [{ topics: { orders: { dedup: 5 } } }, 'topics.orders.dedup: is not a known field'],
    [{ topics: { Orders: {} } }, 'topics.Orders: is not a valid name'],
    [{ receivers: { billing: { endpoint, limits: { max: 1 } } } }, 'receivers.billing.limits.max: is not'],
    [{ receivers: { billing: {} } }, 'receivers.billing.endpoint: is missing'],
    [{ subscriptions: { orders: { billing: { filtr: {} } } } }, 'subscriptions.orders.billing.filtr: is not'],
    [{ subscriptions: { orders: { billing: { filter: [] } } } }, 'subscriptions.orders.billing: filter'],
    [{ schedules: { a: { topic: 'x', event: { type: 't' } } } }, 'schedules.a: must have either cron'],
    [[], 'The body: '],
  ])('with the wrong field %j is refused by its path', (value, message) => {
    expect(() => parseManifest(sinks, value)).toThrow(message);
  });

  it('may have names without settings', () => {
    const yaml = 'topics:\n  orders:\nsubscriptions:\n  orders:\n    billing:\n';
    expect(parseManifest(sinks, parseText(yaml, 'a.yaml'))).toEqual({
      topics: { orders: {} },
      subscriptions: { orders: { billing: {} } },
    });
  });

  it.each([
    ['topics: [', /line 1, column/],
    ['a: &x 1\nb: *x', /alias \*x/],
    ['{"a": }', /not valid JSON/],
    ['topics:\n  a:\n  a:\n', /line 2, column 5: Map keys must be unique/],
  ])('with the text %j is refused with its place', (text, message) => {
    expect(() => parseText(text, 'bus.yaml')).toThrow(message);
  });
});

describe('a manifest of what is there', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
  const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
  const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
  const owned = fc.record({ owner: name, declared: fc.boolean() });
  const topic = fc.record({
    description: optional(fc.string()),
    access: optional(fc.constantFrom({ publish: 'anyone' }, { subscribe: 'owner' })),
    schema: optional(fc.dictionary(fc.constantFrom('title', 'examples', 'default'), json)),
    dedupSeconds: optional(fc.nat(600)),
    ordered: optional(fc.constantFrom(true, false, { by: 'subject' })),
    schemaVersion: fc.nat(),
  });
  const receiver = fc.record({
    endpoint: fc.webUrl(),
    headers: optional(fc.constant({ 'x-a': '(hidden)', 'x-p': 'no' })),
    publicHeaders: optional(fc.constant(['x-p'])),
    oauth2: optional(fc.constant({ tokenUrl: endpoint, clientId: 'a' })),
    timeoutSeconds: optional(fc.integer({ min: 1, max: 10 })),
    limits: optional(fc.record({ perSecond: fc.integer({ min: 1, max: 9 }) })),
    validate: optional(fc.constantFrom('none', 'handshake')),
    state: fc.constantFrom('active', 'paused'),
  });
  const schedule = fc.record({
    topic: name,
    everySeconds: fc.integer({ min: 1, max: 99 }),
    event: fc.record({ type: fc.string(), data: optional(json) }),
    next: fc.constant([]),
  });
  const all = <Value extends object>(field: string, value: fc.Arbitrary<Value>) =>
    fc.uniqueArray(
      fc.record({ name, value, owned }).map((one) => ({ ...one.value, ...one.owned, [field]: one.name })),
      { maxLength: 4, selector: (one) => (one as Record<string, unknown>)[field] },
    );
  const live: fc.Arbitrary<Live> = fc
    .record({
      topics: all('topic', topic),
      receivers: all('receiver', receiver),
      schedules: all('schedule', schedule),
    })
    .map((some) => ({
      ...some,
      subscriptions: some.topics.flatMap((one) =>
        some.receivers.map(({ receiver }: Record<string, unknown>) => ({
          topic: (one as Record<string, unknown>).topic,
          receiver,
          filter: { type: ['a'] },
        })),
      ),
    })) as fc.Arbitrary<Live>;

  it('plans nothing, also after it was written as YAML or JSON, and with --prune', () => {
    fc.assert(
      fc.property(live, (bus) => {
        const manifest = manifestOf(sinks, bus);
        for (const text of [yamlOf(manifest), JSON.stringify(manifest)]) {
          const read = parseText(text ?? '', 'x') as Manifest;
          const plan = planOf(sinks, read, bus, { owners: ownersOf(read, 'shop') });
          expect(plan).toEqual({ steps: [], declared: [] });
        }
      }),
      { numRuns: 200 },
    );
  });

  it('keeps integers that JavaScript would round, in YAML as in JSON', () => {
    const text = '{"schedules":{"a":{"event":{"data":{"n":12345678901234567890}}}}}';
    const value = parseText(text, 'a.json');
    expect(yamlOf(value)).toContain('"n": 12345678901234567890');
    expect(JSON.stringify(parseText(yamlOf(value) ?? '', 'a.yaml'))).toBe(text);
    expect(yamlOf(parseText('{"n": 0.12345678901234567890123}', 'a.json'))).toBeUndefined();
  });

  it('as YAML has nothing that a terminal obeys, and still says the same', () => {
    const evil = 'a\u0007\u001b[2J\u009b31m\u202e\u2028 "quoted" \\ back\r\nsecond line\ttab: x';
    const value = { topics: { orders: { description: evil, [evil]: [evil] } }, plain: 'two\nlines\n' };
    const text = yamlOf(value) ?? '';
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u);
    expect(parseText(text, 'a.yaml')).toEqual(value);
    expect(text).toContain('plain: |\n  two\n');
  });

  it('has no secrets', () => {
    const shown = {
      ...made,
      receiver: 'billing',
      endpoint,
      secret: 'whsec_x',
      earlierSecrets: [{ until: 'x' }],
    };
    const { receivers } = manifestOf(sinks, { ...nothing, receivers: [shown] });
    expect(receivers).toEqual({ billing: { endpoint, owner: 'shop' } });
  });
});
