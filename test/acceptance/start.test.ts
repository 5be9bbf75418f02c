import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startBus, startThatFails, temporaryDirectory } from './bus.ts';

/** Expects a start to fail with exit code 1 and a short message without a stack trace. */
async function expectRefusal(env: Record<string, string>, ...words: string[]): Promise<void> {
  const { code, stderr } = await startThatFails(env);
  expect(code).toBe(1);
  for (const word of words) expect(stderr).toContain(word);
  expect(stderr).not.toContain('    at ');
}

describe('busbar start', () => {
  it.each([
    ['PORT', 'http'],
    ['PORT', '70000'],
    ['PORT', '-1'],
    ['AWS_PORT', '4.5'],
    ['PORT', '6667'],
    ['BUSBAR_HOSTS', 'http://laptop.lan'],
  ])('refuses %s=%s and names the variable', async (variable, value) => {
    await expectRefusal({ [variable]: value, BUSBAR_DATA: temporaryDirectory() }, variable, value);
  });

  it('refuses an admin key that cannot be sent, without showing it', async () => {
    const { code, stderr } = await startThatFails({
      BUSBAR_ADMIN_KEY: 'two words',
      BUSBAR_DATA: temporaryDirectory(),
    });
    expect(code).toBe(1);
    expect(stderr).toContain('BUSBAR_ADMIN_KEY');
    expect(stderr).not.toContain('two words');
  });

  it('refuses an unknown trace mode', async () => {
    await expectRefusal(
      { BUSBAR_TRACE: 'loud', BUSBAR_DATA: temporaryDirectory() },
      'BUSBAR_TRACE',
      'failures',
    );
  });

  it('refuses a damaged data directory and says what to do', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'engines.sqlite'), 'this is no database '.repeat(500));
    await expectRefusal({ BUSBAR_DATA: directory }, 'engines.sqlite', 'BUSBAR_DATA');
  });

  it('refuses a data directory that is a file', async () => {
    const file = join(temporaryDirectory(), 'file');
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, '');
    await expectRefusal({ BUSBAR_DATA: file }, file, 'BUSBAR_DATA');
  });

  it('refuses a data directory that cannot exist, such as one below /proc', async () => {
    await expectRefusal({ BUSBAR_DATA: '/proc/busbar/data' }, '/proc/busbar', 'BUSBAR_DATA');
  });

  it('refuses a port that is in use and names the variable that changes it', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    await expectRefusal({ PORT: String(port), BUSBAR_DATA: temporaryDirectory() }, String(port), 'PORT');
  });

  it('refuses a second bus on the same data', async () => {
    const bus = await startBus();
    onTestFinished(async () => void (await bus.stop()));
    await expectRefusal({ BUSBAR_DATA: bus.dataDirectory }, 'Another process', bus.dataDirectory);
  });

  it('uses the given admin key', async () => {
    const bus = await startBus({ env: { BUSBAR_ADMIN_KEY: 'a-key-of-my-own' } });
    onTestFinished(async () => void (await bus.stop()));
    expect(bus.adminKey).toBe('a-key-of-my-own');
    expect((await bus.call('GET', '/v1/topics')).status).toBe(200);
  });

  it('declares what busbar.config.ts contains, and refuses to delete it over the API', async () => {
    const bus = await startBus();
    onTestFinished(async () => void (await bus.stop()));
    const topic = await bus.call('GET', '/v1/topics/example-orders');
    expect(topic.body).toMatchObject({ topic: 'example-orders', declared: true });
    const refused = await bus.call('DELETE', '/v1/topics/example-orders');
    expect(refused.status).toBe(409);
    expect(refused.body.code).toBe('declared');
  });

  it('exits with 0 on Ctrl-C', async () => {
    const bus = await startBus();
    expect(await bus.stop()).toBe(0);
  });
});
