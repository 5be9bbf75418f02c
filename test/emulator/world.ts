import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { assembly } from '../../lib/local/assembly.ts';
import { synthesize } from '../../lib/local/synth.ts';
import { type Answer, call } from '../acceptance/bus.ts';
import { type Deployed, deploy } from './deploy.ts';
import { type Emulator, startEmulator } from './emulator.ts';

/** The bus on an emulator of AWS by others: the template and the bundles that go to an account. */
export interface EmulatedBus {
  readonly emulator: Emulator;
  readonly deployed: Deployed;
  readonly apiUrl: string;
  readonly publishUrl: string;
  readonly adminKey: string;
  call(method: string, path: string, body?: unknown, key?: string): Promise<Answer>;
  /** A call that must succeed; answers its body. */
  done(method: string, path: string, body?: unknown): Promise<Answer['body']>;
  stop(): Promise<void>;
}

export async function startEmulatedBus(): Promise<EmulatedBus> {
  await synthesize({ ...assembly, progress: () => undefined });
  const directory = mkdtempSync(join(tmpdir(), 'busbar-emulator-'));
  const emulator = await startEmulator(directory);
  const stop = async () => {
    await emulator.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    // Endpoints of tests are on this machine, which deliveries of a team's bus may not reach.
    const deployed = await deploy(emulator, directory, {
      Endpoints: 'any',
      EndpointPorts: 'any',
      Trace: 'all',
    });
    const { ApiUrl = '', PublishUrl = '', KeysFunction = '' } = deployed.outputs;
    // Names below execute-api and lambda-url do not resolve on every machine; the emulator has a path for each.
    const firstLabel = (url: string) => /^https?:\/\/([^.]+)\./.exec(url)?.[1];
    const apiUrl = `${emulator.url}/_aws/execute-api/${firstLabel(ApiUrl)}/$default`;
    const publishUrl = `${emulator.url}/_aws/lambda-url/${firstLabel(PublishUrl)}/`;
    const made = await emulator.invoke(KeysFunction, {
      action: 'create',
      application: 'admin',
      role: 'admin',
    });
    const { key: adminKey } = made as { key: string };
    const callIt = (method: string, path: string, body?: unknown, key = adminKey) =>
      call(apiUrl, key, method, path, body);
    return {
      emulator,
      deployed,
      apiUrl,
      publishUrl,
      adminKey,
      call: callIt,
      async done(method, path, body) {
        const answer = await callIt(method, path, body);
        expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
        return answer.body;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
