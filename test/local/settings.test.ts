import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepAdminKey } from '../../lib/local/admin-key.ts';
import { parseSettings, StartError } from '../../lib/local/settings.ts';

describe('the settings of a start', () => {
  it('have defaults for everything', () => {
    expect(parseSettings({ PORT: '' })).toMatchObject({ port: 4100, awsPort: 4566, adminKey: undefined });
  });

  it.each([
    [{ PORT: 'abc' }, 'PORT is "abc"'],
    [{ AWS_PORT: '65536' }, 'AWS_PORT is "65536"'],
    [{ PORT: '6000' }, 'refuse to call'],
    [{ PORT: '4566' }, 'PORT and AWS_PORT are both 4566'],
    [{ PORT: '5000', AWS_PORT: '5000' }, 'PORT and AWS_PORT are both 5000'],
    [{ BUSBAR_TRACE: 'some' }, 'must be one of'],
    [{ BUSBAR_ADMIN_KEY: 'two words' }, 'BUSBAR_ADMIN_KEY must be'],
  ])('are refused by name: %j', (env, message) => {
    expect(() => parseSettings(env)).toThrow(StartError);
    expect(() => parseSettings(env)).toThrow(message);
  });

  it('may leave both ports to the system', () => {
    expect(parseSettings({ PORT: '0', AWS_PORT: '0' })).toMatchObject({ port: 0, awsPort: 0 });
  });
});

describe('the admin key of a data directory', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'busbar-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('is made once and kept', () => {
    const made = keepAdminKey(directory, undefined);
    expect(made).toMatch(/^bbk_/);
    expect(keepAdminKey(directory, undefined)).toBe(made);
    expect(readFileSync(join(directory, 'admin.key'), 'utf8')).toBe(`${made}\n`);
  });

  it('gives way to one that is given', () => {
    keepAdminKey(directory, undefined);
    expect(keepAdminKey(directory, 'given')).toBe('given');
    expect(keepAdminKey(directory, undefined)).toBe('given');
  });

  it('is no garbage: the file that holds it is named, and what to do', () => {
    writeFileSync(join(directory, 'admin.key'), 'not a key\u0000\n');
    expect(() => keepAdminKey(directory, undefined)).toThrow(/admin\.key holds no key.*Delete it/);
    expect(keepAdminKey(directory, 'given')).toBe('given');
  });

  it('names its file when that cannot be read', () => {
    mkdirSync(join(directory, 'admin.key'));
    expect(() => keepAdminKey(directory, undefined)).toThrow(/admin\.key cannot be read/);
  });

  it('names the directory that cannot be written', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(() => keepAdminKey(join(directory, 'file'), undefined)).toThrow(/file cannot be written/);
  });
});
