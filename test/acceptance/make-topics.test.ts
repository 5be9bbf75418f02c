import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assembly } from '../../lib/local/assembly.ts';
import type { RunningBus } from '../../lib/local/bus.ts';
import { variables } from '../../lib/runtime/config.ts';
import { root } from '../../lib/stand-in/engines/engine.ts';
import { startTestBus } from '../local/test-bus.ts';

/** A bus whose operator wants to be asked for topics (`members: {makeTopics: "request"}`), by its HTTP API. */

let outDirectory: string;

/** The assembly of the app as that configuration renders it; the test of the template shows that it does. */
beforeAll(() => {
  outDirectory = mkdtempSync(join(tmpdir(), 'busbar-app-'));
  cpSync(assembly.outDirectory, outDirectory, { recursive: true });
  const file = join(outDirectory, 'Busbar.template.json');
  const template = readFileSync(file, 'utf8');
  const asked = template.replaceAll(
    `"${variables.makeTopics}": "freely"`,
    `"${variables.makeTopics}": "request"`,
  );
  expect(asked).not.toBe(template);
  writeFileSync(file, asked);
});
afterAll(() => rmSync(outDirectory, { recursive: true, force: true }));

const callOf = (bus: RunningBus, key: string) => async (method: string, path: string, body?: object) => {
  const answer = await bus.handleHttp({
    method,
    path,
    query: '',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
    sourceIp: '127.0.0.1',
  });
  const text = Buffer.from(answer.body).toString('utf8');
  return { status: answer.status, body: text === '' ? {} : JSON.parse(text) };
};

it('a member asks for a topic, and has it once an admin has approved it', async () => {
  const bus = await startTestBus(outDirectory);
  const spec = { action: 'create', application: 'admin', role: 'admin' };
  const keyMade = await bus.aws.call(
    'lambda',
    'Invoke',
    { FunctionName: bus.outputs.KeysFunction, Payload: Buffer.from(JSON.stringify(spec)) },
    root,
  );
  const { key } = JSON.parse(Buffer.from(keyMade?.Payload as Uint8Array).toString('utf8'));
  const admin = callOf(bus, key);
  const memberOf = async (application: string) => {
    await admin('PUT', `/v1/applications/${application}`, {});
    const made = await admin('POST', `/v1/applications/${application}/keys`, {
      name: 'test',
      role: 'member',
    });
    expect(made).toMatchObject({ status: 201 });
    return callOf(bus, made.body.key);
  };
  const [team, other] = [await memberOf('team'), await memberOf('other')];

  const refused = await team('PUT', '/v1/topics/orders', { description: 'What customers order' });
  expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
  expect(refused.body.detail).toContain('POST /v1/requests {"kind": "topic", "topic": "orders"');
  expect((await team('GET', '/v1/topics/orders')).status).toBe(404);

  const wanted = { description: 'What customers order', dedupSeconds: 60 };
  const asked = await team('POST', '/v1/requests', {
    kind: 'topic',
    topic: 'orders',
    spec: wanted,
    reason: 'For the shop',
  });
  expect([asked.status, asked.body.state]).toEqual([201, 'open']);
  const decide = (who: typeof admin, message: string) =>
    who('POST', `/v1/requests/${asked.body.id}/${message}`, {});
  expect((await decide(other, 'approve')).status).toBe(404);
  expect((await decide(team, 'approve')).status).toBe(403);
  expect((await admin('GET', `/v1/requests/${asked.body.id}`)).body).toMatchObject({
    application: 'team',
    reason: 'For the shop',
    spec: wanted,
  });
  const approved = await decide(admin, 'approve');
  expect([approved.status, approved.body.state]).toEqual([200, 'approved']);
  expect((await team('GET', '/v1/topics/orders')).body).toMatchObject({ owner: 'team', ...wanted });

  // It is the team's own from now on: it changes it, publishes to it, and nobody else does.
  expect((await team('PATCH', '/v1/topics/orders', { description: 'Orders' })).status).toBe(200);
  const event = { type: 'order.placed', data: {} };
  expect((await team('POST', '/v1/topics/orders/events', event)).status).toBe(202);
  expect((await other('POST', '/v1/topics/orders/events', event)).status).toBe(403);
  expect((await decide(admin, 'reject')).status).toBe(409);
  expect((await admin('PUT', '/v1/topics/by-an-admin', {})).status).toBe(201);
});
