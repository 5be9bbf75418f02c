import { describe, expect, it } from 'vitest';
import { accountFacts } from '../../lib/cli/smoking/account.ts';
import { promises } from '../../lib/cli/smoking/promises.ts';
import { runCli } from './run-cli.ts';

describe('the facts of an account', () => {
  it('say what to ask for where a new account allows ten executions', () => {
    const [fact] = accountFacts({
      AccountLimit: { ConcurrentExecutions: 10, UnreservedConcurrentExecutions: 10 },
    });
    expect(fact).toMatchObject({
      fact: 'Lambda runs 10 executions at once in this Region, 10 of them not reserved.',
      isFine: false,
      remedy: expect.stringContaining('Service Quotas'),
    });
  });

  it.each([
    [1000, 1000, true],
    [1000, 99, false],
    [undefined, undefined, false],
  ])('are fine by what is not reserved: %s in all, %s not reserved', (all, unreserved, isFine) => {
    const AccountLimit = { ConcurrentExecutions: all, UnreservedConcurrentExecutions: unreserved };
    expect(accountFacts({ AccountLimit })[0]?.isFine).toBe(isFine);
  });
});

describe('the full smoke test', () => {
  it('says what it needs where the bus cannot reach this machine', async () => {
    const { code, stderr } = await runCli(['smoke', '--full', '--url', 'https://bus.example.com'], {
      env: { BUSBAR_KEY: 'bbk_any' },
    });
    expect([code, stderr]).toEqual([2, expect.stringContaining('--endpoint')]);
  });

  it('tells its promises apart by their names, which are short enough for a topic', () => {
    const ids = promises.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(`smoke-01234567-${id}-2`.length).toBeLessThanOrEqual(48);
  });
});
