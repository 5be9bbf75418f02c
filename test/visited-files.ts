import { Session } from 'node:inspector/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** An accessor that Vite adds for an export; reading a constant of another file calls it, and no code of that file. */
const exportAccessor = /^\(\) => \{ try \{ return [\w$]+ \} catch \{\} \}$/;

/**
 * The TypeScript files below `root` in which a function is called while `run` runs, sorted. A file that others only take
 * types or constants from runs no code and is not visited.
 */
export async function visitedFiles(root: string, run: () => Promise<unknown>): Promise<string[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Debugger.enable');
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    await run();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    await session.post('Profiler.stopPreciseCoverage');
    const visited: string[] = [];
    for (const { scriptId, url, functions } of result) {
      const file = relative(root, url.startsWith('file:') ? fileURLToPath(url) : url);
      if (file.startsWith('..') || !file.endsWith('.ts')) continue;
      const { scriptSource } = await session.post('Debugger.getScriptSource', { scriptId });
      const called = functions.some(
        ({ ranges: [range] }) =>
          range !== undefined &&
          range.count > 0 &&
          !exportAccessor.test(scriptSource.slice(range.startOffset, range.endOffset)),
      );
      if (called) visited.push(file);
    }
    return visited.sort();
  } finally {
    session.disconnect();
  }
}
