import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';
import { vi } from 'vitest';

/** Methods of arrays that copy or search: one call costs as much as the array is long, and no block of code shows it. */
const copying = ['concat', 'slice', 'indexOf', 'includes', 'splice', 'toSorted', 'with'] as const;

/**
 * Counts work instead of time, so that a count is the same on every machine.
 * @param load imports the code that is to be counted.
 */
export async function countWork<Code>(isOurs: (url: string) => boolean, load: () => Promise<Code>) {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  // Only what is compiled from now on counts its blocks, and other suites have run in this process.
  vi.resetModules();
  setFlagsFromString('--no-compilation-cache');
  const code = await load();
  setFlagsFromString('--compilation-cache');
  return {
    code,
    /**
     * How often blocks of our code run while `run` runs, and how many elements built-in copies and searches of arrays
     * touch meanwhile.
     */
    async of(run: () => unknown): Promise<number> {
      // Taking the coverage sets it to 0.
      await session.post('Profiler.takePreciseCoverage');
      const restore = countElements();
      let elements: number;
      try {
        await run();
      } finally {
        elements = restore();
      }
      const { result } = await session.post('Profiler.takePreciseCoverage');
      const blocks = result
        .filter(({ url }) => isOurs(url))
        .flatMap(({ functions }) => functions)
        .flatMap(({ ranges }) => ranges)
        .reduce((sum, { count }) => sum + count, 0);
      return blocks + elements;
    },
    async stop(): Promise<void> {
      await session.post('Profiler.stopPreciseCoverage');
      await session.post('Profiler.disable');
      session.disconnect();
    },
  };
}

/** Has arrays count; returns what restores them and tells the count. A spread goes through the iterator. */
function countElements(): () => number {
  let elements = 0;
  const prototype = Array.prototype as unknown as Record<PropertyKey, (...args: unknown[]) => unknown>;
  const restores: (() => void)[] = [];
  for (const name of [...copying, Symbol.iterator]) {
    const original = prototype[name] as (...args: unknown[]) => unknown;
    const descriptor = Object.getOwnPropertyDescriptor(Array.prototype, name) as PropertyDescriptor;
    restores.push(() => void Object.defineProperty(Array.prototype, name, descriptor));
    Object.defineProperty(Array.prototype, name, {
      ...descriptor,
      value(this: unknown[], ...args: unknown[]) {
        elements += this.length;
        return Reflect.apply(original, this, args);
      },
    });
  }
  return () => {
    for (const restore of restores) restore();
    return elements;
  };
}
