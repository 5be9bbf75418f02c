import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scriptedBus } from './scripted-bus.ts';

let bus: Awaited<ReturnType<typeof scriptedBus>>;
beforeEach(async () => {
  bus = await scriptedBus();
});
afterEach(() => bus.close());

const busbar = (...args: string[]) => bus.run(...args);
const run = (state: string, sent: number) => ({ id: 'rdr_1', state, sent, total: 3, missing: 0 });

describe('redrive', () => {
  it('starts a redrive, follows it to its end, and prints the result', async () => {
    bus.answerWith(run('collecting', 0), run('sending', 1), run('done', 3));
    expect(
      await busbar('redrive', 'shop', '--id', 'a', '--id', 'b', '--cause', 'dns', '--per-second', '2'),
    ).toEqual({ code: 0, stdout: 'The redrive is done: 3 of 3 sent.\n', stderr: '' });
    expect(bus.requests).toEqual([
      {
        call: 'POST /v1/receivers/shop/redrive',
        body: JSON.stringify({ ids: ['a', 'b'], cause: 'dns', perSecond: 2 }),
      },
      { call: 'GET /v1/receivers/shop/redrive', body: '' },
      { call: 'GET /v1/receivers/shop/redrive', body: '' },
    ]);
  });

  it('exits with code 1 and the reason if it halts', async () => {
    bus.answerWith(run('collecting', 0), { ...run('halted', 1), reason: 'The first letter failed again.' });
    const { code, stdout } = await busbar('redrive', 'shop');
    expect(code).toBe(1);
    expect(stdout).toBe('The redrive is halted: 1 of 3 sent. The first letter failed again.\n');
  });

  it('can be shown, stopped, and started without waiting', async () => {
    bus.answerWith(run('sending', 1), run('stopped', 1), run('collecting', 0));
    await busbar('redrive', 'shop', '--status');
    await busbar('redrive', 'shop', '--stop');
    expect((await busbar('redrive', 'shop', '--detach', '--json')).stdout).toBe(
      `${JSON.stringify(run('collecting', 0))}\n`,
    );
    expect(bus.requests.map(({ call }) => call.split(' ')[0])).toEqual(['GET', 'DELETE', 'POST']);
  });
});

describe('dead-letters', () => {
  it('are listed after their causes', async () => {
    const letter = {
      id: 'dlv_1',
      eventType: 'a',
      eventId: '1',
      cause: 'dns',
      attempts: 9,
      diedAt: '2026-01-01T00:00:00.000Z',
      detail: 'no such host',
    };
    const cluster = {
      cause: 'dns',
      count: 2,
      firstAt: letter.diedAt,
      lastAt: letter.diedAt,
      example: letter,
    };
    bus.answerWith({ waiting: 5, clusters: [cluster], deadLetters: [letter], cursor: 'abc' });
    const { code, stdout, stderr } = await busbar('dead-letters', 'shop', '--cause', 'dns', '--limit', '1');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'CAUSE  COUNT  FIRST                     LAST                      EXAMPLE',
        'dns    2      2026-01-01T00:00:00.000Z  2026-01-01T00:00:00.000Z  no such host',
        '',
        'ID     TYPE  EVENT  CAUSE  ATTEMPTS  DIED',
        'dlv_1  a     1      dns    9         2026-01-01T00:00:00.000Z',
        '',
      ].join('\n'),
    );
    expect(stderr).toContain('About 5 more');
    expect(stderr).toContain('More: --cursor abc\n');
    expect(bus.requests[0]?.call).toBe('GET /v1/receivers/shop/dead-letters?cause=dns&limit=1');
  });

  it('are read page by page, with the causes of the first', async () => {
    const letter = (id: string) => ({ id, cause: 'dns', attempts: 1 });
    const cluster = { cause: 'dns', count: 3 };
    bus.answerWith(
      { waiting: 0, clusters: [cluster], deadLetters: [letter('dlv_1')], cursor: 'a' },
      // A page may be empty although there are more.
      { waiting: 0, deadLetters: [], cursor: 'b' },
      { waiting: 0, deadLetters: [letter('dlv_2'), letter('dlv_3')] },
    );
    const { stdout, stderr } = await busbar('dead-letters', 'shop', '--json');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      waiting: 0,
      clusters: [cluster],
      deadLetters: ['dlv_1', 'dlv_2', 'dlv_3'].map(letter),
    });
    expect(bus.requests.map(({ call }) => call)).toEqual([
      'GET /v1/receivers/shop/dead-letters?limit=1000',
      'GET /v1/receivers/shop/dead-letters?limit=1000&cursor=a',
      'GET /v1/receivers/shop/dead-letters?limit=1000&cursor=b',
    ]);
  });

  it('are shown one by one with their event, or reported absent', async () => {
    bus.answerWith({ id: 'dlv_1', body: '{"id":"1"}' }, { waiting: 0, clusters: [], deadLetters: [] });
    expect((await busbar('dead-letters', 'shop', 'dlv_1')).stdout).toContain('body  {"id":"1"}');
    expect((await busbar('dead-letters', 'shop')).stderr).toBe('There are no dead letters of shop.\n');
  });
});
