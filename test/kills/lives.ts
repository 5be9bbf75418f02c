import { type AcceptanceBus, type Answer, startBus } from '../acceptance/bus.ts';

/** One bus from its start to its end, in epoch milliseconds. */
export interface Life {
  readonly spawnedAtMs: number;
  upAtMs?: number;
  killedAtMs?: number;
}

/**
 * A bus that is killed and restarted on the same data, as its producers see it: a request that is interrupted by a kill has
 * no response, and the next one waits for the restart.
 */
export class Lives {
  readonly lives: Life[] = [];
  private readonly options: { dataDirectory: string };
  private next = Promise.withResolvers<AcceptanceBus>();
  private answers = 0;
  private waiting: { readonly answers: number; readonly resolve: () => void } | undefined;

  constructor(options: { dataDirectory: string }) {
    this.options = options;
  }

  /** The running bus, or the next one. */
  current(): Promise<AcceptanceBus> {
    return this.next.promise;
  }

  async start(): Promise<void> {
    const life: Life = { spawnedAtMs: Date.now() };
    this.lives.push(life);
    const bus = await startBus(this.options);
    life.upAtMs = Date.now();
    this.answers = 0;
    this.next.resolve(bus);
  }

  /** Resolves when the running bus has responded this often. */
  answered(answers: number): Promise<void> {
    return new Promise((resolve) => {
      this.waiting = { answers, resolve };
      this.wake();
    });
  }

  private wake(): void {
    if (this.waiting !== undefined && this.answers >= this.waiting.answers) this.waiting.resolve();
  }

  /** Starts a bus and kills it after a time, normally before it is up. */
  async startAndKill(afterMs: number): Promise<void> {
    const life: Life = { spawnedAtMs: Date.now() };
    this.lives.push(life);
    const starting = startBus({
      ...this.options,
      onSpawn: (child) => void setTimeout(() => child.kill('SIGKILL'), afterMs),
    });
    const ended = await starting.then(
      (bus) => bus.kill(),
      (error: unknown) => {
        if (!/did not start/.test(String(error))) throw error;
      },
    );
    life.killedAtMs = Date.now();
    return ended;
  }

  async kill(): Promise<void> {
    const bus = await this.current();
    // From now on, `current` waits for the next bus.
    this.next = Promise.withResolvers<AcceptanceBus>();
    const life = this.lives.at(-1);
    if (life !== undefined) life.killedAtMs = Date.now();
    await bus.kill();
  }

  /** Makes one call of the API. Resolves to undefined if the bus was killed before it responded. */
  async call(method: string, path: string, body?: unknown): Promise<Answer | undefined> {
    const bus = await this.current();
    return await this.unlessKilled(bus, () => bus.call(method, path, body));
  }

  /** Resolves to the result of `work`, or to undefined if it failed because the bus was killed. */
  async unlessKilled<Result>(bus: AcceptanceBus, work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      const result = await work();
      this.answers++;
      this.wake();
      return result;
    } catch (error) {
      const now = await Promise.race([this.current(), undefined]);
      if (now === bus) throw error;
      return undefined;
    }
  }
}
