import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { synthesize } from '../../lib/local/synth.ts';

/** Replaces a CDK app: writes an assembly that shows what the app was given. */
const app = `
  import { mkdirSync, writeFileSync } from 'node:fs';
  import { answer } from '../lib/answer.mjs';
  const { CDK_OUTDIR, CDK_CONTEXT_JSON, CDK_DEFAULT_ACCOUNT, CDK_DEFAULT_REGION } = process.env;
  mkdirSync(CDK_OUTDIR, { recursive: true });
  const context = JSON.parse(CDK_CONTEXT_JSON);
  writeFileSync(CDK_OUTDIR + '/manifest.json', JSON.stringify({ answer, context, CDK_DEFAULT_ACCOUNT, CDK_DEFAULT_REGION }));`;

function project(source = app) {
  const rootDirectory = mkdtempSync(join(tmpdir(), 'busbar-synth-'));
  onTestFinished(() => rmSync(rootDirectory, { recursive: true, force: true }));
  const write = (path: string, text: string) => {
    mkdirSync(join(rootDirectory, path, '..'), { recursive: true });
    writeFileSync(join(rootDirectory, path), text);
  };
  write('bin/app.mjs', source);
  write('lib/answer.mjs', 'export const answer = 1;');
  write('cdk.json', JSON.stringify({ context: { mine: 'yes' } }));
  const outDirectory = join(rootDirectory, 'out');
  const run = () =>
    synthesize({
      rootDirectory,
      outDirectory,
      app: join('bin', 'app.mjs'),
      account: '000000000000',
      region: 'eu-central-1',
      progress: () => undefined,
    });
  return {
    write,
    run,
    manifest: () => JSON.parse(readFileSync(join(outDirectory, 'manifest.json'), 'utf8')),
  };
}

test('the app runs with the environment that the CDK CLI gives it', async () => {
  const { run, manifest } = project();
  expect(await run()).toEqual({ ran: true });
  expect(manifest()).toMatchObject({
    answer: 1,
    context: { mine: 'yes', 'aws:cdk:enable-path-metadata': true, 'aws:cdk:bundling-stacks': ['**'] },
    CDK_DEFAULT_ACCOUNT: '000000000000',
    CDK_DEFAULT_REGION: 'eu-central-1',
  });
});

test('reuses the assembly until an input changes', async () => {
  const { run, write, manifest } = project();
  await run();
  expect(await run()).toEqual({ ran: false });
  write('lib/answer.mjs', 'export const answer = 2;');
  expect(await run()).toEqual({ ran: true });
  expect(manifest().answer).toBe(2);
  write('lib/new.mjs', '');
  expect(await run()).toEqual({ ran: true });
});

test('reports why an app failed, and leaves no assembly that looks complete', async () => {
  const { run, write } = project();
  await run();
  write('lib/answer.mjs', "export const answer = 1; throw new Error('the name is taken');");
  await expect(run()).rejects.toThrow(/The CDK app failed \(exit code 1\)[\s\S]*the name is taken/);
  write('lib/answer.mjs', 'export const answer = 1;');
  expect(await run()).toEqual({ ran: true });
});

test('names a cdk.json that cannot be read', async () => {
  const { run, write } = project();
  write('cdk.json', '{');
  await expect(run()).rejects.toThrow(/^cdk\.json cannot be read: /);
});

test('names a directory that cannot be written', async () => {
  const { run, write } = project();
  write('out', 'a file where the directory belongs');
  await expect(run()).rejects.toThrow(/out cannot be written .*Make it writable/);
});
