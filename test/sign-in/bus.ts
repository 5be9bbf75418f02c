import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeclarationInput } from '../../lib/connectors/declaration.ts';
import { startBus } from '../../lib/local/bus.ts';
import { synthesize } from '../../lib/local/synth.ts';
import { createHttp } from '../../lib/runtime/http/client.ts';
import { systemRandom } from '../../lib/runtime/random.ts';
import { systemClock } from '../../lib/stand-in/clock.ts';
import { root } from '../../lib/stand-in/engines/engine.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';

const rootDirectory = join(import.meta.dirname, '..', '..');

/** Deploys a declaration to the local bus, which listens on a free port. */
export async function startDeclaredBus(declaration: DeclarationInput) {
  const outDirectory = mkdtempSync(join(tmpdir(), 'busbar-sign-in-'));
  process.env.TEST_DECLARATION = JSON.stringify(declaration);
  await synthesize({
    rootDirectory,
    outDirectory,
    app: 'test/sign-in/app.ts',
    account: '000000000000',
    region: 'us-east-1',
    progress: () => undefined,
  });
  const lines: string[] = [];
  const bus = await startBus({
    outDirectory,
    store: memoryStore(),
    clock: systemClock,
    random: systemRandom,
    parameters: { Endpoints: 'any', EndpointPorts: 'any', Trace: 'all' },
    log: (level, message, fields) => void lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
    http: createHttp({ clock: systemClock, endpoints: 'any', ports: 'any' }),
    iamUsageDirectory: process.env.BUSBAR_IAM_USAGE,
    port: 0,
  });
  const adminKey = `bbk_${'a'.repeat(43)}`;
  const request = { action: 'create', application: 'admin', role: 'admin', key: adminKey };
  const Payload = Buffer.from(JSON.stringify(request));
  await bus.aws.call('lambda', 'Invoke', { FunctionName: bus.outputs.KeysFunction, Payload }, root);
  return {
    url: bus.url,
    publishUrl: String(bus.outputs.PublishUrl),
    adminKey,
    /** What the functions logged. */
    lines,
    async close() {
      await bus.close();
      rmSync(outDirectory, { recursive: true, force: true });
    },
  };
}

export type DeclaredBus = Awaited<ReturnType<typeof startDeclaredBus>>;
