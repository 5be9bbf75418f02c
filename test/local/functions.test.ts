import { describe, expect, test } from 'vitest';
import type { RunningBus } from '../../lib/local/bus.ts';
import type { Log } from '../../lib/runtime/log.ts';
import { root } from '../../lib/stand-in/engines/engine.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { lambdaFunction, role, writeAssembly } from '../stand-in/stack.ts';
import { startTestBus } from './test-bus.ts';

describe('a function', () => {
  const source = `
    export const create = (runtime) => async (event) => ({
      greeting: runtime.env.GREETING, region: runtime.env.AWS_REGION, name: runtime.env.AWS_LAMBDA_FUNCTION_NAME, event,
    });`;
  const template = (greeting: string) => ({
    Role: role(),
    F: lambdaFunction('f', 'Role', { Environment: { Variables: { GREETING: greeting } } }),
  });
  const invoke = async (bus: RunningBus, payload: unknown): Promise<unknown> => {
    const answer = await bus.aws.call(
      'lambda',
      'Invoke',
      { FunctionName: bus.resources.F, Payload: Buffer.from(JSON.stringify(payload)) },
      root,
    );
    return JSON.parse(Buffer.from(answer?.Payload as Uint8Array).toString('utf8')) as unknown;
  };

  test('runs its bundle with the environment of the template and that of Lambda', async () => {
    const bus = await startTestBus(writeAssembly(template('hello'), { f: source }));
    expect(await invoke(bus, { a: 1 })).toEqual({
      greeting: 'hello',
      region: 'us-east-1',
      name: bus.resources.F,
      event: { a: 1 },
    });
  });

  test('has its new environment after a deploy', async () => {
    const store = memoryStore();
    const first = await startTestBus(writeAssembly(template('hello'), { f: source }), { store });
    await first.close();
    const second = await startTestBus(writeAssembly(template('moin'), { f: source }), { store });
    expect(second.changes).toEqual(['update F']);
    expect(await invoke(second, {})).toMatchObject({ greeting: 'moin' });
  });

  test('writes the lines that its log level admits, as Lambda would', async () => {
    const speaking = `
      export const create = ({ log }) => async () => { log('debug', 'each delivery'); log('warn', 'a problem'); };`;
    const lines = async (LoggingConfig: object) => {
      const seen: string[] = [];
      const log: Log = (level, message) => void seen.push(`${level}: ${message}`);
      const resources = { Role: role(), F: lambdaFunction('f', 'Role', { LoggingConfig }) };
      await invoke(await startTestBus(writeAssembly(resources, { f: speaking }), { log }), {});
      return seen;
    };
    expect(await lines({ LogFormat: 'JSON', ApplicationLogLevel: 'INFO' })).toEqual(['warn: a problem']);
    expect(await lines({ LogFormat: 'JSON', ApplicationLogLevel: 'DEBUG' })).toHaveLength(2);
    expect(await lines({ LogFormat: 'Text' })).toHaveLength(2);
  });

  test('without create(runtime) fails its invocation and says why', async () => {
    const bus = await startTestBus(writeAssembly(template('x'), { f: 'export const handler = () => 1' }));
    expect(await invoke(bus, {})).toMatchObject({
      errorMessage: expect.stringContaining('exports no create(runtime)'),
    });
  });
});
