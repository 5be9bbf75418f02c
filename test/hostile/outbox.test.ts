import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outboxAttributes } from '../../lib/core/relay/outbox.ts';
import { grantOutbox } from '../../lib/stacks/producer.ts';
import { seededRandom } from '../../lib/stand-in/random.ts';
import { requestHandler } from '../../lib/stand-in/request-handler.ts';
import { assemblyDirectory, type FuzzWorld, startWorld } from '../fuzz/world.ts';

/**
 * The outbox is a table that producers write to with their own roles, past the API. The bank attacks the shop: with the
 * policy that `grantOutbox` gives, over the SDK, and with whatever bytes an item may hold.
 */

const outbox = 'busbar-outbox';
const applications = ['shop', 'bank'] as const;
const folder = mkdtempSync(join(tmpdir(), 'busbar-hostile-'));
let world: FuzzWorld;
let roles: Readonly<Record<(typeof applications)[number], DynamoDBClient>>;
let tables: readonly string[];

beforeAll(async () => {
  cpSync(assemblyDirectory, folder, { recursive: true });
  // The producers' roles beside the bus, as in a stack of theirs.
  const stack = new Stack(new App({ analyticsReporting: false }), 'Producers');
  for (const application of applications) {
    const assumedBy = new AccountRootPrincipal();
    grantOutbox(new Role(stack, `Producer-${application}`, { roleName: application, assumedBy }), stack, {
      application,
    });
  }
  const file = join(folder, 'Busbar.template.json');
  const template = JSON.parse(readFileSync(file, 'utf8'));
  Object.assign(template.Resources, Template.fromStack(stack).toJSON().Resources);
  writeFileSync(file, JSON.stringify(template));
  world = await startWorld(1, folder);
  const clientOf = (application: string) =>
    new DynamoDBClient({
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:4566',
      credentials: { accessKeyId: application, secretAccessKey: application },
      maxAttempts: 1,
      requestHandler: requestHandler(world.bus.aws, {
        kind: 'role',
        roleArn: `arn:aws:iam::000000000000:role/${application}`,
      }),
    });
  roles = { shop: clientOf('shop'), bank: clientOf('bank') };
  const { TableNames } = (await world.aws('dynamodb', 'ListTables', {})) as { TableNames: string[] };
  tables = TableNames;
  for (const owner of applications) {
    for (const [path, body] of [
      [`/v1/topics/${owner}`, { access: { publish: 'request' } }],
      [`/v1/receivers/${owner}`, { endpoint: `http://sink.test/ok/${owner}` }],
      [`/v1/topics/${owner}/subscriptions/${owner}`, {}],
    ] as const) {
      const { status, json } = await world.call(owner, 'PUT', path, body);
      expect(status, JSON.stringify(json)).toBeLessThan(300);
    }
  }
}, 180_000);

afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

let counter = 0;
/** A row that is never of the same place as another. */
function row(application: string, members: Record<string, AttributeValue>, key = '~00') {
  counter += 1;
  return {
    pk: { S: `outbox#${application}#${key}` },
    sk: { S: `q${String(counter).padStart(10, '0')}` },
    ...members,
  };
}
const event = (id: string, more: object = {}) => ({
  S: JSON.stringify({ type: 'order.placed', id, ...more }),
});
const put = (by: (typeof applications)[number], Item: Record<string, AttributeValue>) =>
  roles[by].send(new PutItemCommand({ TableName: outbox, Item }));
const topic = (name: string): Record<string, AttributeValue> => ({ [outboxAttributes.topic]: { S: name } });

const refusedOf = async (caller: 'shop' | 'bank') =>
  ((await world.call(caller, 'GET', '/v1/refused?limit=1000')).json as { refused: Record<string, string>[] })
    .refused;
const delivered = (id: string) => world.delivered.filter(({ body }) => String(body).includes(`"${id}"`));

async function rows(): Promise<{ readonly pk: { readonly S: string } }[]> {
  const { Items } = (await world.aws('dynamodb', 'Scan', { TableName: outbox })) as {
    Items: { pk: { S: string } }[];
  };
  return Items;
}

/** The shop's own entry comes through, whatever the bank has done before it. */
async function expectShopUnhindered(): Promise<void> {
  const id = `fine-${++counter}`;
  await put('shop', row('shop', { ...topic('shop'), [outboxAttributes.event]: event(id) }));
  await world.clock.until(() => delivered(id).length > 0, 60_000);
  expect(delivered(id)[0]?.url).toBe('http://sink.test/ok/shop');
  expect(await refusedOf('shop')).toEqual([]);
}

describe('the role of a producer', () => {
  const bankRow = () => row('bank', { ...topic('bank'), [outboxAttributes.event]: event('own') });
  const shopRow = () => row('shop', { ...topic('shop'), [outboxAttributes.event]: event('forged') });
  const denied = (answer: Promise<unknown>) =>
    expect(answer).rejects.toMatchObject({ name: 'AccessDeniedException' });

  it('puts entries of its own application, and they arrive with its name', async () => {
    await put('bank', row('bank', { ...topic('bank'), [outboxAttributes.event]: event('mine') }));
    await world.clock.until(() => delivered('mine').length > 0, 60_000);
    expect(JSON.parse(String(delivered('mine')[0]?.body))).toMatchObject({
      source: '/applications/bank',
      busbarpublisher: 'bank',
    });
  });

  it.each<[string, () => Record<string, AttributeValue>]>([
    ['another application', shopRow],
    ['no application', () => ({ ...bankRow(), pk: { S: 'outbox#' } })],
    ['its own and more', () => ({ ...bankRow(), pk: { S: 'outbox#bankrupt#~00' } })],
    ['its own in upper case', () => ({ ...bankRow(), pk: { S: 'outbox#BANK#~00' } })],
    ['its own without a key', () => ({ ...bankRow(), pk: { S: 'outbox#bank' } })],
    ['its own behind a line break', () => ({ ...bankRow(), pk: { S: '\noutbox#bank#~00' } })],
    ['a pattern', () => ({ ...bankRow(), pk: { S: 'outbox#*#~00' } })],
    ['rows of the bus', () => ({ ...bankRow(), pk: { S: 'topic' } })],
  ])('puts nothing under the key of %s', async (_, item) => {
    await denied(put('bank', item()));
    await denied(
      roles.bank.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName: outbox, Item: bankRow() } },
            { Put: { TableName: outbox, Item: item() } },
          ],
        }),
      ),
    );
    expect((await rows()).filter(({ pk }) => !pk.S.startsWith('outbox#bank#'))).toEqual([]);
  });

  const key = () => ({ pk: { S: 'outbox#shop#~00' }, sk: { S: 'q0000000001' } });
  const ownKey = () => ({ pk: { S: 'outbox#bank#~00' }, sk: { S: 'q0000000001' } });
  it.each<[string, (table: string) => Promise<unknown>]>([
    ['GetItem', (TableName) => roles.bank.send(new GetItemCommand({ TableName, Key: key() }))],
    ['GetItem of its own', (TableName) => roles.bank.send(new GetItemCommand({ TableName, Key: ownKey() }))],
    ['Scan', (TableName) => roles.bank.send(new ScanCommand({ TableName }))],
    [
      'Query',
      (TableName) =>
        roles.bank.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': key().pk },
          }),
        ),
    ],
    [
      'UpdateItem',
      (TableName) =>
        roles.bank.send(
          new UpdateItemCommand({
            TableName,
            Key: key(),
            UpdateExpression: 'SET busbarEvent = :event',
            ExpressionAttributeValues: { ':event': event('altered') },
          }),
        ),
    ],
    ['DeleteItem', (TableName) => roles.bank.send(new DeleteItemCommand({ TableName, Key: key() }))],
    [
      'BatchWriteItem',
      (TableName) =>
        roles.bank.send(
          new BatchWriteItemCommand({ RequestItems: { [TableName]: [{ PutRequest: { Item: bankRow() } }] } }),
        ),
    ],
    [
      'a deletion in a transaction',
      (TableName) =>
        roles.bank.send(
          new TransactWriteItemsCommand({ TransactItems: [{ Delete: { TableName, Key: key() } }] }),
        ),
    ],
  ])('may not %s, in any table', async (_, call) => {
    expect(tables.length).toBeGreaterThan(1);
    for (const table of tables) await denied(call(table));
  });

  it('puts nothing into the other tables of the bus', async () => {
    for (const TableName of tables.filter((name) => name !== outbox)) {
      await denied(roles.bank.send(new PutItemCommand({ TableName, Item: bankRow() })));
      await denied(
        roles.bank.send(
          new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item: bankRow() } }] }),
        ),
      );
    }
  });
});

const { event: eventAttribute, at, receiver } = outboxAttributes;
const random = seededRandom(1);
/** Printable text that can hardly be compressed. */
const noise = (length: number) =>
  Array.from({ length }, () => String.fromCharCode(35 + Math.floor(random.next() * 57))).join('');

describe('a forged entry', () => {
  it.each<[string, () => Record<string, AttributeValue>, RegExp]>([
    ['for the topic of another', () => ({ ...topic('shop'), [eventAttribute]: event('x') }), /forbidden/],
    [
      'for the receiver of another',
      () => ({ [receiver]: { S: 'shop' }, [eventAttribute]: event('x') }),
      /forbidden/,
    ],
    [
      'with the source of another',
      () => ({ ...topic('bank'), [eventAttribute]: event('x', { source: '/applications/shop' }) }),
      /source_reserved/,
    ],
    [
      'with members that the bus has for itself',
      () => ({
        ...topic('shop'),
        application: { S: 'shop' },
        incarnation: { S: 'inc' },
        principal: { M: { application: { S: 'shop' }, role: { S: 'admin' } } },
        [eventAttribute]: event('x'),
      }),
      /forbidden/,
    ],
    [
      'with an event that is no text',
      () => ({ ...topic('bank'), [eventAttribute]: { N: '1' } }),
      /invalid_event/,
    ],
    [
      'with an event of bytes',
      () => ({ ...topic('bank'), [eventAttribute]: { B: Uint8Array.of(0xff) } }),
      /invalid_event/,
    ],
    ['without an event', () => topic('bank'), /invalid_event/],
    ['without a target', () => ({ [eventAttribute]: event('x') }), /invalid_event/],
    [
      'with both targets',
      () => ({ ...topic('bank'), [receiver]: { S: 'bank' }, [eventAttribute]: event('x') }),
      /invalid_event/,
    ],
    ['that is not JSON', () => ({ ...topic('bank'), [eventAttribute]: { S: '{' } }), /malformed_json/],
    [
      'of several events',
      () => ({ ...topic('bank'), [eventAttribute]: { S: '[{"type":"a"},{"type":"b"}]' } }),
      /invalid_event/,
    ],
    [
      'that is deep',
      () => ({ ...topic('bank'), [eventAttribute]: { S: `{"type":"a","data":${'['.repeat(90_000)}` } }),
      /malformed_json|invalid_event/,
    ],
    [
      'of an unknown name',
      () => ({ ...topic('__proto__'), [eventAttribute]: event('x') }),
      /invalid_event|unknown_topic/,
    ],
    [
      'with a name of a hundred thousand control characters',
      () => ({ ...topic('\u0001'.repeat(100_000)), [eventAttribute]: event('x') }),
      /invalid_event/,
    ],
    [
      'as large as an item, of noise',
      () => ({ ...topic('bank'), [eventAttribute]: { S: `{"type":"a","data":"${noise(395_000)}"}` } }),
      /malformed_json|event_too_large/,
    ],
    [
      'as large as an item, of spaces',
      () => ({ ...topic('bank'), [eventAttribute]: { S: `{"type":"a","data":"${' '.repeat(395_000)}"}` } }),
      /event_too_large/,
    ],
    [
      'with an attribute whose name is as large as an item',
      () => ({
        ...topic('bank'),
        [eventAttribute]: event('x', { specversion: '1.0', source: '/s', [noise(380_000)]: 'x' }),
      }),
      /invalid_event|event_too_large/,
    ],
    [
      'with an id as large as an item, of control characters',
      () => ({ ...topic('bank'), [eventAttribute]: event('\u0001'.repeat(60_000), { type: 1 }) }),
      /invalid_event/,
    ],
    [
      'with more attributes than there may be',
      () => ({
        ...topic('bank'),
        [eventAttribute]: event(
          'x',
          Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`A${at}`, 1])),
        ),
      }),
      /invalid_event/,
    ],
    [
      'with a time that no clock has',
      () => ({ ...topic('bank'), [eventAttribute]: event('x'), [at]: { N: '1e100' } }),
      /invalid_event/,
    ],
    [
      'with a time before all time',
      () => ({ ...topic('bank'), [eventAttribute]: event('x'), [at]: { N: '-1e100' } }),
      /invalid_event/,
    ],
  ])('%s is listed for the forger alone, and stops nobody', async (_, members, code) => {
    const before = (await refusedOf('bank')).length;
    await put('bank', row('bank', members(), `~${counter % 64}`));
    await world.clock.advance(5000);
    await expectShopUnhindered();
    const listed = await refusedOf('bank');
    expect(listed).toHaveLength(before + 1);
    const latest = listed.toSorted((one, other) =>
      String(one.refusedAt) < String(other.refusedAt) ? 1 : -1,
    )[0];
    expect(latest?.code, latest?.detail).toMatch(code);
    expect(JSON.stringify(latest).length).toBeLessThan(10_000);
    // What the document of the API names, and nothing of how the relay came to it.
    expect(latest).not.toHaveProperty('kind');
    expect((await rows()).filter(({ pk }) => pk.S.startsWith('outbox#bank#'))).toEqual([]);
    const shown = await world.call('bank', 'GET', `/v1/refused/${latest?.id}`);
    expect(shown.status).toBe(200);
    expect((await world.call('shop', 'GET', `/v1/refused/${latest?.id}`)).status).toBe(404);
    expect((await world.call('shop', 'POST', `/v1/refused/${latest?.id}/retry`)).status).toBe(404);
    expect((await world.call('shop', 'DELETE', `/v1/refused/${latest?.id}`)).status).toBe(404);
  });

  it.each(['outbox#bank##', 'outbox#bank#shop#~00', `outbox#bank#${'k'.repeat(2000)}`, 'outbox#bank#\u0000'])(
    'under an odd key is of the bank all the same: %j',
    async (pk) => {
      const id = `odd-${++counter}`;
      await put('bank', { ...row('bank', { ...topic('bank'), [eventAttribute]: event(id) }), pk: { S: pk } });
      await world.clock.until(() => delivered(id).length > 0, 60_000);
      expect(JSON.parse(String(delivered(id)[0]?.body))).toMatchObject({ busbarpublisher: 'bank' });
      await expectShopUnhindered();
    },
  );

  it('with the publisher of another has its own', async () => {
    const whole = { specversion: '1.0', id: 'whole', source: '/s', type: 't', busbarpublisher: 'shop' };
    await put('bank', row('bank', { ...topic('bank'), [eventAttribute]: { S: JSON.stringify(whole) } }));
    await world.clock.until(() => delivered('whole').length > 0, 60_000);
    expect(JSON.parse(String(delivered('whole')[0]?.body)).busbarpublisher).toBe('bank');
  });

  it('that is late or early by its own account does not keep the sweep from others', async () => {
    const far = { [at]: { N: '9999999999999' }, wokenAt: { N: '9999999999999' } };
    await put('bank', row('bank', { ...topic('bank'), [eventAttribute]: event('early'), ...far }));
    await world.clock.until(() => delivered('early').length > 0, 60_000);
    await expectShopUnhindered();
  });

  it('leaves nothing of the bank at the shop', async () => {
    const ofShop = world.delivered.filter(({ url }) => url.endsWith('/ok/shop'));
    expect(ofShop.length).toBeGreaterThan(10);
    for (const { body } of ofShop) expect(JSON.parse(String(body)).busbarpublisher).toBe('shop');
    expect(world.takeLog().filter((line) => line.startsWith('error A request failed'))).toEqual([]);
  });
});
