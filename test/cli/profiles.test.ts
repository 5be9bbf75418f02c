import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { profilesFile } from '../../lib/cli/profiles/file.ts';
import { runCli } from './run-cli.ts';
import { standInBus } from './stand-in-bus.ts';
import { inTerminal, keys, withoutTerminal } from './terminal.ts';

let home: string;
let file: string;
let bus: Awaited<ReturnType<typeof standInBus>>;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'busbar-profiles-'));
  file = join(home, '.config', 'busbar', 'config.json');
  bus = await standInBus();
});
afterEach(async () => {
  rmSync(home, { recursive: true });
  await bus.close();
});

const run = (args: string, env: Record<string, string> = {}, input = '') =>
  runCli(args.split(' '), { env: { HOME: home, ...env }, input });
const add = (name: string, url = bus.url, key = bus.key) =>
  run(`profiles add ${name} --url ${url}`, {}, `${key}\n`);
const kept = () => JSON.parse(readFileSync(file, 'utf8'));

describe('profiles', () => {
  it('keep a bus with its key in a file that only its owner reads, and never show the key', async () => {
    const added = await add('prod');
    expect(added).toEqual({ code: 0, stdout: `Profile prod is saved in ${file}.\n`, stderr: '' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    expect(kept()).toEqual({ profiles: { prod: { url: bus.url, key: bus.key } } });
    for (const json of ['', ' --json']) {
      const { stdout } = await run(`profiles list${json}`);
      expect(stdout).toContain('prod');
      expect(stdout).not.toContain(bus.key);
    }
  });

  it('are used by name, by the environment, and once they are in use', async () => {
    await add('prod');
    expect((await run('topics list --profile prod')).code).toBe(0);
    expect((await run('topics list', { BUSBAR_PROFILE: 'prod' })).code).toBe(0);
    expect((await run('profiles use prod')).stdout).toBe('Profile prod is used from now on.\n');
    expect((await run('topics list')).code).toBe(0);
    expect((await run('profiles list')).stdout).toMatch(/^ +PROFILE .*\n\* +prod /);
    await run('profiles use --none');
    expect(kept().current).toBeUndefined();
    expect(bus.requests).toHaveLength(3);
  });

  it('go behind the environment, unless they are named', async () => {
    await add('prod');
    await run('profiles use prod');
    const env = { BUSBAR_URL: 'http://127.0.0.1:1', BUSBAR_KEY: 'other' };
    expect((await run('topics list', env)).code).toBe(3);
    expect((await run('topics list --profile prod', env)).code).toBe(0);
  });

  it('give their key to no other bus', async () => {
    await add('prod', 'https://bus.example.com');
    const { code, stderr } = await run(`topics list --profile prod --url ${bus.url}`);
    expect([code, stderr]).toEqual([1, expect.stringContaining('Pass a key of this bus')]);
  });

  it('are named by errors that come from them', async () => {
    await add('wrong', bus.url, 'no-key-of-this-bus');
    expect((await run('topics list --profile wrong')).stderr).toContain(
      'The one that was sent is from the profile wrong.',
    );
    await add('gone', 'http://127.0.0.1:1');
    expect((await run('topics list --profile gone')).stderr).toContain(
      'The URL is that of the profile gone.',
    );
    const { stderr } = await run('topics list', { BUSBAR_URL: bus.url, BUSBAR_KEY: 'wrong' });
    expect(stderr).toContain('The one that was sent is from BUSBAR_KEY.');
  });

  it.each([
    ['topics list --profile lost', {}, 'There is no profile lost, which --profile names.'],
    ['topics list', { BUSBAR_PROFILE: 'lost' }, 'There is no profile lost, which BUSBAR_PROFILE names.'],
    ['topics list --profile __proto__', {}, 'There is no profile __proto__'],
    ['profiles use lost', {}, 'There is no profile lost.'],
    ['profiles remove constructor', {}, 'There is no profile constructor.'],
    ['profiles add Prod --url https://a.example.com', {}, 'is not a valid name'],
    ['profiles add prod', {}, 'A profile is of one bus.'],
    ['profiles add prod --url ftp://a.example.com', {}, 'not an http or https URL'],
    ['profiles add prod --url https://a.example.com', {}, 'There is no key on standard input.'],
    ['profiles add prod --url https://a.example.com --key secret', {}, 'shows in the process list'],
    ['profiles add prod --url https://me:secret@a.example.com', {}, 'no user and no password'],
    ['topics list --url http://me:secret@127.0.0.1:1', {}, 'no user and no password'],
    ['topics list --json', { BUSBAR_URL: 'ftp://me:secret@a' }, 'no user and no password'],
    [
      'topics list',
      { BUSBAR_KEY: 'secret\u001b[31m' },
      'The key of BUSBAR_KEY has characters that no key has',
    ],
    ['profiles use', {}, 'Name one profile, or pass --none.'],
  ])('%s %j is refused with its cause', async (args, env, cause) => {
    const { code, stderr } = await run(args, env);
    expect(stderr).toContain(cause);
    expect(code).not.toBe(0);
    expect(stderr).not.toContain('secret');
  });

  it('are not replaced by adding', async () => {
    await add('prod');
    expect((await add('prod', 'https://other.example.com')).stderr).toContain(
      'There is a profile prod already.',
    );
    expect(kept().profiles.prod.url).toBe(bus.url);
    await run('profiles remove prod');
    expect(kept()).toEqual({ profiles: {} });
  });

  it('may have no key', async () => {
    await run(`profiles add open --url ${bus.url} --no-key`);
    expect(kept().profiles.open).toEqual({ url: bus.url });
    expect((await run('topics list --profile open', { BUSBAR_KEY: bus.key })).code).toBe(0);
  });

  it('are all kept when commands add them at the same time', async () => {
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(names.map((name) => add(name)));
    expect(Object.keys(kept().profiles).sort()).toEqual(names);
    expect(existsSync(`${file}.lock`)).toBe(false);
  });
});

describe('a file of profiles', () => {
  it.each([0o640, 0o604, 0o620])('of the mode %o is refused, with what to do', async (mode) => {
    await add('prod');
    chmodSync(file, mode);
    const { code, stderr } = await run('topics list --profile prod');
    expect([code, stderr]).toEqual([2, expect.stringContaining(`Run \`chmod 600 ${file}\``)]);
    expect(bus.requests).toEqual([]);
    // Who says everything otherwise needs no file.
    expect((await run('topics list', { BUSBAR_URL: bus.url, BUSBAR_KEY: bus.key })).code).toBe(0);
  });

  it.each(['{', '7', '{"profiles": {"prod": {"url": 7, "key": "bbk_secret"}}}', 'bbk_secret'])(
    'with %j in it is refused without showing it',
    async (text) => {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text, { mode: 0o600 });
      const { code, stderr } = await run('profiles list');
      expect([code, stderr]).toEqual([2, expect.stringContaining(`The profiles in ${file} cannot be read`)]);
      expect(stderr).not.toContain('bbk_secret');
    },
  );

  it('is where the settings of the platform are', () => {
    const at = (platform: string, env: Record<string, string>) => profilesFile({ platform, env });
    expect(at('linux', { HOME: '/h' })).toBe('/h/.config/busbar/config.json');
    expect(at('linux', { HOME: '/h', XDG_CONFIG_HOME: '/x' })).toBe('/x/busbar/config.json');
    expect(at('linux', { HOME: '/h', XDG_CONFIG_HOME: 'x' })).toBe('/h/.config/busbar/config.json');
    expect(at('win32', { HOME: '/h', APPDATA: '/a' })).toBe('/a/busbar/config.json');
    expect(at('linux', {})).toBeUndefined();
  });
});

describe.skipIf(withoutTerminal() !== undefined)('a key that is typed', () => {
  it('is not shown, and may be corrected', async () => {
    const terminal = inTerminal(['profiles', 'add', 'prod', '--url', bus.url], { env: { HOME: home } });
    await terminal.shows(/Key for http/);
    terminal.type(`${bus.key}x\u007f${keys.enter}`);
    expect(await terminal.ended, terminal.screen()).toBe(0);
    expect(terminal.screen()).not.toContain(bus.key);
    expect(kept().profiles.prod.key).toBe(bus.key);
  });

  it('ends with Ctrl-C, and nothing is kept', async () => {
    const terminal = inTerminal(['profiles', 'add', 'prod', '--url', bus.url], { env: { HOME: home } });
    await terminal.shows(/Key for http/);
    terminal.type(keys.interrupt);
    expect(await terminal.ended, terminal.screen()).toBe(130);
    expect(existsSync(file)).toBe(false);
  });
});
