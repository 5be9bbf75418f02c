import { type Config, parseConfig } from './config.ts';
import type { BaseRuntime } from './runtime.ts';

/** What a store is made from: the runtime, the settings of the bus, and the parts that stores share. */
export interface World extends BaseRuntime {
  readonly config: Config;
  /** The one part of this instance that `make` makes; it is made at its first use. */
  use<Part>(make: (world: World) => Part): Part;
}

type Makers<R extends BaseRuntime> = Readonly<Record<string, (world: R & World) => unknown>>;

/** What makers make, by their names. */
export type Made<M extends Readonly<Record<string, (world: never) => unknown>>> = {
  readonly [Name in keyof M]: ReturnType<M[Name]>;
};

/**
 * Gives a function its runtime, the settings of the bus and the stores it names. Naming them is what keeps bundles
 * small: a bundle contains only the makers that its function passes here, and with them only their clients. Each store
 * is made at its first use, once per instance, because stores keep caches.
 * @throws Error that names an environment variable which is missing or wrong.
 */
export function open<R extends BaseRuntime, M extends Makers<R>>(
  runtime: R,
  makers: M,
): R & Config & Made<M> {
  const config = parseConfig(runtime.env);
  const made = new Map<unknown, unknown>();
  function use<Part>(make: (world: R & World) => Part): Part {
    if (!made.has(make)) made.set(make, make(world));
    return made.get(make) as Part;
  }
  const world: R & World = { ...runtime, config, use };
  const opened = { ...runtime, ...config };
  for (const [name, make] of Object.entries(makers)) {
    Object.defineProperty(opened, name, {
      enumerable: true,
      configurable: true,
      get() {
        const value = use(make);
        // From now on it is read without a call.
        Object.defineProperty(opened, name, { enumerable: true, value });
        return value;
      },
    });
  }
  return opened as R & Config & Made<M>;
}
