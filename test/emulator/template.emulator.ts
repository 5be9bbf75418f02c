import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { assembly } from '../../lib/local/assembly.ts';
import { synthesize } from '../../lib/local/synth.ts';
import { program } from './tools.ts';

/** Rules that the template breaks on purpose, each with why. */
const ignored: Readonly<Record<string, string>> = {
  W3005: 'The CDK writes dependencies that a Ref already makes.',
};

it('cfn-lint finds nothing wrong with the template', async () => {
  await synthesize({ ...assembly, progress: () => undefined });
  const template = join(assembly.outDirectory, 'Busbar.template.json');
  const args = ['--format', 'parseable', '--ignore-checks', ...Object.keys(ignored), '--', template];
  const output = await new Promise<string>((resolve) =>
    execFile(program('cfn-lint'), args, (error, stdout, stderr) =>
      resolve(error === null ? '' : `${stdout}${stderr}${error.message}`),
    ),
  );
  expect(output).toBe('');
});
