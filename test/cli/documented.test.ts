import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from './run-cli.ts';

it('docs/cli.md lists every command and subcommand, and no other', async () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'cli.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `([\w-]+)` \| .* \| (.*) \|$/gm)].map(
    ([, name, subcommands = '']) => [name, [...subcommands.matchAll(/`([\w-]+)`/g)].map(([, sub]) => sub)],
  );
  // Made from the program itself.
  const { stdout } = await runCli(['completion', 'fish']);
  const below = (path: string) =>
    (new RegExp(`__busbar_at '${path}'" -f -a '([^']*)'`).exec(stdout)?.[1] ?? '')
      .split(' ')
      .filter((name) => name !== '' && name !== 'help');
  expect(below('').length).toBeGreaterThan(20);
  expect(listed).toEqual(below('').map((name) => [name, below(name)]));
});
