import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';
import { standInBus } from './stand-in-bus.ts';
import { inTerminal, keys, withoutTerminal } from './terminal.ts';

/** What deletes asks a person first, at a real terminal. */

const missing = withoutTerminal();
if (missing !== undefined) console.error(`SKIPPED: the prompt of the CLI is not tested, ${missing}.`);

let bus: Awaited<ReturnType<typeof standInBus>>;
let env: Readonly<Record<string, string>>;

beforeEach(async () => {
  bus = await standInBus();
  env = { BUSBAR_URL: bus.url, BUSBAR_KEY: bus.key };
  bus.topics.set('orders', { topic: 'orders' });
  bus.receivers.set('billing', { receiver: 'billing', endpoint: 'https://b.example/in' });
  bus.subscriptions.set('orders/billing', { topic: 'orders', receiver: 'billing' });
});
afterEach(() => bus.close());

const question = /Topic orders is deleted with its subscription: billing\. Go on\? \[y\/N\] /;
const deleteOrders = (redirect?: string) =>
  inTerminal(['topics', 'delete', 'orders'], { env, ...(redirect !== undefined && { redirect }) });

/** Nothing was asked of the bus but what there is. */
const expectKept = () => {
  expect(bus.requests.map(({ method }) => method)).not.toContain('DELETE');
  expect(bus.topics.has('orders')).toBe(true);
  expect(bus.receivers.has('billing')).toBe(true);
};

describe.skipIf(missing !== undefined)('a topic with subscriptions, at a terminal', () => {
  it.each(['y', 'yes', 'YES', ' y '])('is deleted after the answer %j', async (answer) => {
    const terminal = deleteOrders();
    await terminal.shows(question);
    expect(bus.topics.has('orders')).toBe(true);
    terminal.type(answer + keys.enter);
    expect(await terminal.ended, terminal.screen()).toBe(0);
    expect(terminal.screen()).toContain('Topic orders is deleted, with its subscription: billing.\n');
    expect(bus.topics.has('orders')).toBe(false);
  });

  it.each(['n', 'no', '', 'yes please', 'yy', 'j', '--yes'])('stays after the answer %j', async (answer) => {
    const terminal = deleteOrders();
    await terminal.shows(question);
    terminal.type(answer + keys.enter);
    expect(await terminal.ended, terminal.screen()).toBe(1);
    expect(terminal.screen()).toContain('Topic orders has a subscription: billing. Nothing is deleted.\n');
    expectKept();
  });

  it('stays at the end of input, and the error has a line of its own', async () => {
    const terminal = deleteOrders();
    await terminal.shows(question);
    terminal.type(keys.endOfInput);
    expect(await terminal.ended, terminal.screen()).toBe(1);
    expect(terminal.screen()).toMatch(/\nbusbar: Topic orders has a subscription: billing\. Nothing/);
    expectKept();
  });

  it.each(['', 'y'])('stays at Ctrl-C after %j, which ends the command', async (typed) => {
    const terminal = deleteOrders();
    await terminal.shows(question);
    terminal.type(typed + keys.interrupt);
    expect(await terminal.ended, terminal.screen()).toBe(130);
    expectKept();
  });

  it.each(['< /dev/null', '2> /dev/null', '2>&1 | cat'])(
    'is not asked for where not both the keyboard and the screen are there: %s',
    async (redirect) => {
      const terminal = deleteOrders(redirect);
      // Nobody answers, and nobody has to.
      await terminal.ended;
      expect(terminal.screen()).not.toContain('Go on?');
      expectKept();
    },
  );

  it.each(['--yes', '--force'])('is not asked for with %s', async (option) => {
    const terminal = inTerminal(['topics', 'delete', 'orders', option], { env });
    expect(await terminal.ended, terminal.screen()).toBe(0);
    expect(terminal.screen()).not.toContain('Go on?');
    expect(bus.topics.has('orders')).toBe(false);
  });

  it('without subscriptions is not asked for', async () => {
    bus.subscriptions.clear();
    const terminal = deleteOrders();
    expect(await terminal.ended, terminal.screen()).toBe(0);
    expect(terminal.screen()).not.toContain('Go on?');
  });

  it('shows names of others without their control characters', async () => {
    bus.subscriptions.set('orders/evil', { topic: 'orders', receiver: 'a\u001b[2Jb\u009b\u202ec\ry' });
    const terminal = deleteOrders();
    await terminal.shows(/Go on\?/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are looked for.
    expect(terminal.screen()).not.toMatch(/[\u001b\u0080-\u009f\u202e]/);
    terminal.type(`n${keys.enter}`);
    expect(await terminal.ended).toBe(1);
    expectKept();
  });
});

describe.skipIf(missing !== undefined)('a receiver with subscriptions, at a terminal', () => {
  it('is asked for in the same way', async () => {
    const terminal = inTerminal(['receivers', 'delete', 'billing'], { env });
    await terminal.shows(/Receiver billing is deleted with its subscription: orders\. Go on\? \[y\/N\] /);
    terminal.type(`y${keys.enter}`);
    expect(await terminal.ended, terminal.screen()).toBe(0);
    expect(bus.receivers.has('billing')).toBe(false);
  });
});

describe('without a terminal', () => {
  it.each(['y\n', 'yes\n', ''])('input is no answer: %j', async (input) => {
    const { code, stderr } = await runCli(['topics', 'delete', 'orders'], { env, input });
    expect(code).toBe(1);
    expect(stderr).toBe(
      'busbar: Topic orders has a subscription: billing. Nothing is deleted.\nPass --yes to end what is subscribed as well.\n',
    );
    expectKept();
  });
});
