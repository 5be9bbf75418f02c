import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { bundle, bundleFile } from '../../lib/stacks/bundle.ts';

const kib = 1024;
const bridgeEntry = 'lib/connectors/rocketmq/functions/bridge.ts';
const inputsOf = (directory: string): string[] =>
  Object.keys(JSON.parse(readFileSync(`${directory}.meta.json`, 'utf8')).inputs);
/** The files of which anything is left in the bundle. */
const contentsOf = (directory: string): string[] => {
  const { outputs } = JSON.parse(readFileSync(`${directory}.meta.json`, 'utf8'));
  const [inputs = {}] = Object.values<{ inputs: Record<string, { bytesInOutput: number }> }>(outputs).map(
    (output) => output.inputs,
  );
  return Object.keys(inputs).filter((input) => (inputs[input]?.bytesInOutput ?? 0) > 0);
};

describe('the bundle of a function with the RocketMQ client', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'busbar-bundle-'));
  afterAll(() => rmSync(temporary, { recursive: true, force: true }));

  it('loads outside this project, reports a failed connection and writes no log file', () => {
    const directory = bundleFile('test/stacks/rocketmq-entry.ts', join(temporary, 'entry'));
    const home = join(temporary, 'home');
    const script = `
      const { create } = require(${JSON.stringify(join(directory, 'index.cjs'))});
      create().openProducer({ endpoint: '127.0.0.1:1', timeoutSeconds: 1 }, { topics: ['x'] })
        .then((answer) => console.log(JSON.stringify(answer)));`;
    const printed = execFileSync(process.execPath, ['-e', script], {
      cwd: tmpdir(),
      encoding: 'utf8',
      env: { HOME: home, PATH: '' },
      timeout: 20_000,
    });
    expect(JSON.parse(printed)).toMatchObject({ kind: 'failure', permanent: false });
    expect(existsSync(home)).toBe(false);
  });

  it('contains the client, but no native module, log writer or address lookup', () => {
    const directory = bundle('bridge', bridgeEntry);
    const holds = (name: string) =>
      inputsOf(directory).some((input) => input.includes(`node_modules/${name}/`));
    expect(holds('rocketmq-client-nodejs')).toBe(true);
    for (const name of ['@node-rs/crc32', 'egg-logger', 'address']) expect(holds(name), name).toBe(false);
    expect(inputsOf(directory).filter((input) => input.endsWith('.node'))).toEqual([]);
  });

  it('is smaller than 2 MB; functions without the client do not contain it', () => {
    const sizeOf = (name: string, entry?: string) => statSync(join(bundle(name, entry), 'index.cjs')).size;
    const [bridge, publish] = [sizeOf('bridge', bridgeEntry), sizeOf('publish')];
    expect(bridge).toBeLessThan(2000 * kib);
    expect(bridge - publish).toBeGreaterThan(700 * kib);
    expect(inputsOf(bundle('publish')).filter((input) => input.includes('rocketmq-client-nodejs'))).toEqual(
      [],
    );
  });
});

describe('what checks the tokens of staff', () => {
  const file = 'staff-tokens.cjs';

  it.each(['publish', 'admin', 'relay', 'deliver', 'keys'])(
    'is beside the bundle of %s exactly when that takes requests, and never in it',
    (name) => {
      const directory = bundle(name);
      expect(existsSync(join(directory, file))).toBe(name === 'publish' || name === 'admin');
      expect(inputsOf(directory).filter((input) => input.includes('node_modules/jose'))).toEqual([]);
    },
  );

  it('is loaded from there, and reads', () => {
    const setting = JSON.stringify({ issuer: '', audience: [], groupsClaim: 'groups', roles: [] });
    const script = `
      const { createStaffTokens } = require(${JSON.stringify(join(bundle('publish'), file))});
      const tokens = createStaffTokens({ clock: Date, log() {} }, ${JSON.stringify(setting)}, 'public');
      tokens.read('eyJ.x.y').then(({ code }) => console.log(code));`;
    const printed = execFileSync(process.execPath, ['-e', script], { cwd: tmpdir(), encoding: 'utf8' });
    expect(printed.trim()).toBe('unauthorized');
  });
});

describe('the compiler of schemas', () => {
  const file = 'schema-compiler.cjs';
  const names = ['publish', 'relay', 'admin', 'declare', 'check-transaction', 'deliver', 'sweep', 'keys'];

  it.each(names)('is beside the bundle of %s exactly when that checks schemas, and never in it', (name) => {
    const directory = bundle(name);
    expect(existsSync(join(directory, file))).toBe(contentsOf(directory).includes('lib/runtime/schema.ts'));
    const inside = contentsOf(directory).filter((input) => /node_modules\/(ajv|re2js)/.test(input));
    expect(inside).toEqual([]);
  });

  it('is loaded from there, and compiles', () => {
    const script = `
      const { compileSchema } = require(${JSON.stringify(join(bundle('publish'), file))});
      console.log(JSON.stringify([compileSchema({ type: 'string', pattern: '^a' })('b').length, typeof compileSchema({ type: 1 })]));`;
    const printed = execFileSync(process.execPath, ['-e', script], { cwd: tmpdir(), encoding: 'utf8' });
    expect(JSON.parse(printed)).toEqual([1, 'string']);
  });
});

describe('what seldom is needed', () => {
  const sizeOf = (name: string) => statSync(join(bundle(name), 'index.cjs')).size / 1000;
  const partsOf = (name: string) =>
    readdirSync(bundle(name))
      .filter((file) => file.endsWith('.cjs') && file !== 'index.cjs')
      .sort();

  it('is beside the bundles of publish and deliver, which are small', () => {
    expect(sizeOf('deliver')).toBeLessThan(375);
    expect(sizeOf('publish')).toBeLessThan(365);
    expect(sizeOf('admin')).toBeLessThan(760);
    expect(partsOf('deliver')).toEqual(['lambda-client.cjs', 'scheduler-client.cjs', 'zod.cjs']);
    expect(partsOf('publish')).toEqual([
      'scheduler-client.cjs',
      'schema-compiler.cjs',
      'sns-client.cjs',
      'staff-tokens.cjs',
      'zod.cjs',
    ]);
    const never =
      /node_modules\/(@aws-sdk\/(nested-clients|credential-provider-|token-providers|client-(lambda|scheduler|sns))|zod)/;
    for (const name of ['deliver', 'publish']) {
      expect(
        contentsOf(bundle(name)).filter((input) => never.test(input)),
        name,
      ).toEqual([]);
    }
  });

  it('is not loaded to make a handler', () => {
    for (const name of ['deliver', 'publish']) {
      const script = `
        const { create } = require(${JSON.stringify(join(bundle(name), 'index.cjs'))});
        console.log(JSON.stringify(Object.keys(require.cache).map((file) => require('node:path').basename(file))));`;
      const printed = execFileSync(process.execPath, ['-e', script], { cwd: tmpdir(), encoding: 'utf8' });
      expect(JSON.parse(printed), name).toEqual(['index.cjs']);
    }
  });

  it.each(['lambda', 'scheduler', 'sns'])(
    'of the client of %s is the same on demand as in its part',
    async (service) => {
      const onDemand = await import(`../../lib/runtime/aws/shims/client-${service}.ts`);
      const part = await import(`../../lib/runtime/${service}-client.ts`);
      const errors = Object.keys(onDemand).filter((name) => /(Exception)$/.test(name));
      expect(
        Object.keys(onDemand)
          .filter((name) => !errors.includes(name))
          .sort(),
      ).toEqual(Object.keys(part).sort());
      const sdk = await import(`@aws-sdk/client-${service}`);
      for (const name of errors) {
        const error = new sdk[name]({ message: 'refused', $metadata: {} });
        expect(error instanceof onDemand[name]).toBe(true);
        expect(new Error('refused') instanceof onDemand[name]).toBe(false);
      }
    },
  );

  it('of the SDK takes the credentials of the environment', async () => {
    const { defaultProvider } = await import('../../lib/runtime/aws/shims/credential-provider.ts');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'id');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('AWS_SESSION_TOKEN', 'token');
    expect(await defaultProvider()()).toEqual({
      accessKeyId: 'id',
      secretAccessKey: 'secret',
      sessionToken: 'token',
    });
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
    await expect(defaultProvider()()).rejects.toThrow('Lambda sets both');
    vi.unstubAllEnvs();
  });
});
