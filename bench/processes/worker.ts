import { fork } from 'node:child_process';
import { once } from 'node:events';

/**
 * Generator, sink and the measurements of the machine run as separate processes, so that none of them takes time from
 * the event loop of another. A worker is a module that calls `serve` with its actions; `startWorker` starts it and
 * returns a stub that calls the actions over the IPC channel.
 */
export type Actions = Readonly<Record<string, (input: never) => unknown>>;

export interface Worker<Served extends Actions> {
  readonly pid: number;
  call<Name extends keyof Served & string>(
    name: Name,
    input: Parameters<Served[Name]>[0],
  ): Promise<Awaited<ReturnType<Served[Name]>>>;
  stop(): Promise<void>;
}

interface Request {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}
type Reply = { readonly id: number } & ({ readonly output: unknown } | { readonly error: string });

/** Answers the calls of the parent process, and ends with it. */
export function serve(actions: Actions): void {
  process.on('message', (request: Request) => {
    const action = actions[request.name] as ((input: unknown) => unknown) | undefined;
    const answer = async () => {
      if (action === undefined) throw new Error(`There is no action ${request.name}.`);
      return await action(request.input);
    };
    answer().then(
      (output) => process.send?.({ id: request.id, output } satisfies Reply),
      (error: unknown) =>
        process.send?.({
          id: request.id,
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        } satisfies Reply),
    );
  });
  process.on('disconnect', () => process.exit());
}

/** Starts a module of this folder as a process. A detached one does not receive Ctrl-C from the terminal. */
export function startWorker<Served extends Actions>(
  module: 'generator' | 'sink' | 'limits' | 'soak-endpoints' | 'bullmq',
  options: { readonly detached?: boolean } = {},
): Worker<Served> {
  const child = fork(new URL(`./${module}.ts`, import.meta.url), { detached: options.detached ?? false });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let calls = 0;

  child.on('message', (reply: Reply) => {
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('error' in reply) call?.reject(new Error(`The ${module} failed: ${reply.error}`));
    else call?.resolve(reply.output);
  });
  child.on('exit', (code, signal) => {
    const error = new Error(`The ${module} ended (${signal ?? `exit code ${code}`}).`);
    for (const call of waiting.values()) call.reject(error);
    waiting.clear();
  });
  if (child.pid === undefined) throw new Error(`The ${module} could not be started.`);

  return {
    pid: child.pid,
    call(name, input) {
      const id = calls++;
      const call = Promise.withResolvers<unknown>();
      waiting.set(id, call);
      child.send({ id, name, input } satisfies Request);
      return call.promise as Promise<never>;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
