import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;

describe.skipIf(!has('bash'))('completion for bash', () => {
  let script = '';
  beforeAll(async () => {
    script = (await runCli(['completion', 'bash'])).stdout;
  });

  /** What bash itself would offer, by the function that the script registers. */
  function offered(...words: string[]): string[] {
    const ask = `${script}
      complete -p busbar | grep -q -- '-F _busbar busbar' || exit 9
      COMP_WORDS=(busbar "$@"); COMP_CWORD=$#; _busbar; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', ask, 'bash', ...words], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    return stdout.trim().split('\n');
  }

  it.each([
    [['tra'], ['transactions']],
    [['topics', 'put', '--ded'], ['--dedup']],
    [['--json', 'receivers', 'pa'], ['pause']],
    [['topics', 'held', 'se'], ['send']],
    // Behind the name of a topic that is called as a command is.
    [['topics', 'put', 'topics', '--own'], ['--owner']],
    // Options of the program go behind any command, hidden ones nowhere.
    [['why', '--key'], ['--key-file']],
    [['topics', 'nothing-such'], ['']],
  ])('offers for %j %j', (words, expected) => {
    expect(offered(...words)).toEqual(expected);
  });
});

describe('completion', () => {
  it.each(['zsh', 'fish'])(
    'for %s names every command, and is read by that shell if there is one',
    async (shell) => {
      const { code, stdout } = await runCli(['completion', shell]);
      expect(code).toBe(0);
      for (const word of ['subscriptions', 'rollback', 'rotate-secret', 'completion'])
        expect(stdout).toContain(word);
      if (has(shell)) expect(spawnSync(shell, ['-n'], { input: stdout }).status).toBe(0);
    },
  );

  it('is for these shells alone', async () => {
    expect((await runCli(['completion', 'tcsh'])).code).toBe(2);
  });
});
