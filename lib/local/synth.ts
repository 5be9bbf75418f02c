import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';

/** Thrown when the CDK app failed. The message ends with the output of the app. */
class SynthError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SynthError';
  }
}

/** What the assembly depends on: while none of it changes, the last assembly is reused. */
const synthInputs = [
  'bin',
  'lib',
  'functions',
  'busbar.config.ts',
  'package-lock.json',
  'cdk.json',
  'tsconfig.json',
] as const;

const hashFile = 'busbar-inputs.sha256';

/**
 * Runs the CDK app like `cdk synth`, unless the cloud assembly in `outDirectory` was made from the same inputs.
 * Resolves to whether it ran. Rejects with `SynthError`.
 */
export async function synthesize(options: {
  readonly rootDirectory: string;
  readonly outDirectory: string;
  /** Files and directories below the root; a missing one counts as empty. */
  readonly inputs?: readonly string[];
  /** The app, below the root. */
  readonly app?: string;
  readonly account: string;
  readonly region: string;
  progress(message: string): void;
}): Promise<{ readonly ran: boolean }> {
  const { rootDirectory, outDirectory, app = join('bin', 'app.ts') } = options;
  const hash = hashOf(rootDirectory, options.inputs ?? synthInputs, [options.account, options.region, app]);
  const saved = join(outDirectory, hashFile);
  if (existsSync(saved) && existsSync(join(outDirectory, 'manifest.json'))) {
    if (readFileSync(saved, 'utf8') === hash) return { ran: false };
  }
  requireWritable(outDirectory);
  options.progress('Synthesizing the CDK app…');
  // Remove the hash first: an app that fails half-way must not leave an assembly that looks complete.
  rmSync(saved, { force: true });
  await runApp(join(rootDirectory, app), options);
  writeFileSync(saved, hash);
  return { ran: true };
}

/** Check this first, because the app itself would report it as a stack trace. */
function requireWritable(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
  } catch (error) {
    throw new SynthError(
      `The directory ${directory} cannot be written (${(error as Error).message}), and the template is created there. Make it writable for the user who starts the bus.`,
      { cause: error },
    );
  }
}

/** A hash over the names and contents of all input files, in a fixed order. */
function hashOf(rootDirectory: string, inputs: readonly string[], facts: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify([process.version, ...facts]));
  const add = (path: string): void => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) add(join(path, name));
    } else {
      const content = readFileSync(path);
      hash.update(`${relative(rootDirectory, path)}\0${content.length}\0`).update(content);
    }
  };
  for (const input of inputs) add(join(rootDirectory, input));
  return hash.digest('hex');
}

/** What the CDK CLI adds to the context of cdk.json, so the app creates the same template as a deployment. */
const cliContext = {
  'aws:cdk:enable-path-metadata': true,
  'aws:cdk:enable-asset-metadata': true,
  'aws:cdk:version-reporting': true,
  'aws:cdk:bundling-stacks': ['**'],
};

function contextOf(rootDirectory: string): Readonly<Record<string, unknown>> {
  const file = join(rootDirectory, 'cdk.json');
  if (!existsSync(file)) return cliContext;
  try {
    const { context = {} } = JSON.parse(readFileSync(file, 'utf8')) as { context?: Record<string, unknown> };
    return { ...context, ...cliContext };
  } catch (error) {
    throw new SynthError(
      `cdk.json cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

async function runApp(
  app: string,
  options: { rootDirectory: string; outDirectory: string; account: string; region: string },
): Promise<void> {
  const child = spawn(process.execPath, [app], {
    cwd: options.rootDirectory,
    env: {
      ...process.env,
      CDK_OUTDIR: options.outDirectory,
      CDK_CONTEXT_JSON: JSON.stringify(contextOf(options.rootDirectory)),
      CDK_DEFAULT_ACCOUNT: options.account,
      CDK_DEFAULT_REGION: options.region,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => void said.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => void said.push(chunk));
  const ended = await new Promise<string | undefined>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new SynthError(`The CDK app could not be started: ${error.message}`, { cause: error })),
    );
    child.once('close', (code, signal) =>
      resolve(code === 0 ? undefined : signal === null ? `exit code ${code}` : `signal ${signal}`),
    );
  });
  if (ended !== undefined) {
    throw new SynthError(
      `The CDK app failed (${ended}), so there is nothing to run. It said:\n${lastLines(Buffer.concat(said).toString('utf8'))}`,
    );
  }
}

/** Node prints the cause last, after CDK warnings that may be long. */
function lastLines(text: string): string {
  const lines = text.trimEnd().split('\n');
  const kept = lines.slice(-40);
  return (
    (lines.length > kept.length ? `… (${lines.length - kept.length} lines before)\n` : '') + kept.join('\n')
  );
}
