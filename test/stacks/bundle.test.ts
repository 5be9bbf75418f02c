import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundle, bundleFile } from '../../lib/stacks/bundle.ts';

const kib = 1024;
const bridgeEntry = 'lib/connectors/rocketmq/functions/bridge.ts';
const inputsOf = (directory: string): string[] =>
  Object.keys(JSON.parse(readFileSync(`${directory}.meta.json`, 'utf8')).inputs);

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
