import { loadPart } from '../../part.ts';

/** A part that is a client of the SDK: what its package exports. */
export type SdkPart = 'lambda-client' | 'scheduler-client' | 'sns-client';

interface RealClient {
  send(command: unknown, ...options: unknown[]): Promise<unknown>;
}
type Constructor = new (argument: unknown) => unknown;

/**
 * In place of a client of the SDK in the bundle of a function (`aliases` of `lib/stacks/bundle.ts`): loads the real one, a file
 * of its own beside the bundle, with the first call. Most invocations make none, and an instance that makes none never reads
 * it.
 */
/* @__NO_SIDE_EFFECTS__ */
export function onDemandClient(part: SdkPart, name: string) {
  return class {
    readonly #config: unknown;
    #real: RealClient | undefined;

    constructor(config: unknown) {
      this.#config = config;
    }

    /** As the SDK's: resolves with the answer, or rejects. */
    async send(command: OnDemandCommand, ...options: unknown[]): Promise<unknown> {
      const sdk = loadPart(part) as unknown as Readonly<Record<string, Constructor>>;
      const make = (made: string, argument: unknown) => {
        const Made = sdk[made];
        if (Made === undefined) throw new Error(`The part ${part} exports no ${made}.`);
        return new Made(argument);
      };
      this.#real ??= make(name, this.#config) as RealClient;
      return await this.#real.send(make(command.name, command.input), ...options);
    }
  };
}

interface OnDemandCommand {
  /** Of the class in the SDK. */
  readonly name: string;
  readonly input: unknown;
}

/** A command that becomes one of the SDK when it is sent. */
/* @__NO_SIDE_EFFECTS__ */
export function onDemandCommand(name: string) {
  return class implements OnDemandCommand {
    readonly name = name;
    readonly input: unknown;

    constructor(input: unknown) {
      this.input = input;
    }
  };
}

/** Stands for an error that the service names, on the right of `instanceof`. */
/* @__NO_SIDE_EFFECTS__ */
export function onDemandError(name: string) {
  const isOne = (error: unknown) => error instanceof Error && error.name === name;
  return Object.defineProperty(() => undefined, Symbol.hasInstance, { value: isOne });
}
