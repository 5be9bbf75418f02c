import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { awsLogger, type LogLevel, logLine } from '../../lib/runtime/log.ts';
import { systemRuntime } from '../../lib/runtime/system.ts';
import { isKept, levelOfLine } from '../../lib/stand-in/engines/lambda/log-lines.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the logger of AWS clients', () => {
  it('lets a client find its credentials in the environment, as every function on Lambda does', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('AWS_SESSION_TOKEN', 'token');
    const authorizations: string[] = [];
    const client = new DynamoDBClient({
      ...systemRuntime().aws,
      region: 'us-east-1',
      maxAttempts: 1,
      requestHandler: {
        handle: async ({ headers }: { headers: Record<string, string> }) => {
          authorizations.push(headers.authorization ?? '');
          throw new Error('far enough');
        },
      },
    });
    const call = client.send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'x' } } }));
    await expect(call).rejects.toThrow('far enough');
    expect(authorizations).toEqual([expect.stringContaining('Credential=key/')]);
  });

  it('has no level to which the SDK hands inputs and outputs', () => {
    expect(Object.keys(awsLogger).sort()).toEqual(['debug', 'warn']);
  });
});

describe('a line of the log', () => {
  const nowMs = Date.parse('2026-01-31T12:00:00Z');

  it('has the timestamp without which Lambda takes every line for INFO', () => {
    expect(logLine(nowMs, 'debug', 'Attempt delivered', { receiver: 'billing' })).toBe(
      '{"timestamp":"2026-01-31T12:00:00.000Z","level":"debug","message":"Attempt delivered","receiver":"billing"}',
    );
  });

  it('keeps the message that alarms count, whatever the fields are called', () => {
    const line = JSON.parse(logLine(nowMs, 'error', 'counted', { message: 'other', level: 'debug' }));
    expect(line).toMatchObject({ level: 'error', message: 'counted' });
  });
});

describe('what Lambda keeps of a log', () => {
  const line = (level: LogLevel) => logLine(0, level, 'x');
  const json = { format: 'JSON', applicationLevel: 'INFO' } as const;

  it('is what reaches the level of the function', () => {
    expect((['debug', 'info', 'warn', 'error'] as const).map((level) => isKept(json, line(level)))).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect(isKept({ ...json, applicationLevel: 'ERROR' }, line('warn'))).toBe(false);
    expect(isKept({ ...json, format: 'Text' }, line('debug'))).toBe(true);
  });

  it.each([
    ['no timestamp', '{"level":"debug","message":"x"}'],
    ['a number for one', '{"level":"debug","timestamp":1}'],
    ['a local time for one', '{"level":"debug","timestamp":"2026-01-31 12:00:00"}'],
    ['an impossible time for one', '{"level":"debug","timestamp":"2026-01-31T25:00:00Z"}'],
    ['no level', '{"timestamp":"2026-01-31T12:00:00Z"}'],
    ['an unknown level', '{"timestamp":"2026-01-31T12:00:00Z","level":"loud"}'],
    ['no JSON', 'Attempt delivered'],
    ['no object', 'null'],
  ])('counts a line with %s as INFO, and bills it', (_, text) => {
    expect(levelOfLine(text)).toBe('INFO');
    expect(isKept(json, text)).toBe(true);
  });
});
