import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject, Vitest } from 'vitest/node';
import { assembly } from '../../lib/local/assembly.ts';
import { readAssembly } from '../../lib/stand-in/template/template.ts';
import { coverageOf, readUsage, reportOf } from './coverage.ts';
import { exceptions } from './exceptions.ts';

/** Where the buses of a run write; `busbar start` reads it, and so do the tests that start one in their process. */
const variable = 'BUSBAR_IAM_USAGE';

/**
 * Has every bus of this run write down which grants it uses. The function that it answers is for the end of the run:
 * it prints the report and fails the run. Undefined where somebody else gathers, such as another project of this run,
 * or whoever gave the directory.
 */
export function gatherUsage({ vitest }: TestProject): (() => void) | undefined {
  if (process.env[variable] !== undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'busbar-iam-usage-'));
  process.env[variable] = directory;
  return () => {
    try {
      if (!isWhole(vitest)) return;
      const { text, failed } = judge(directory);
      console.log(`\n${text}`);
      // Vitest prints what a teardown throws, and ends with 0 all the same.
      if (failed) process.exitCode = 1;
    } finally {
      rmSync(directory, { recursive: true, force: true });
      delete process.env[variable];
    }
  };
}

/**
 * Only a run of every suite of the bus is judged, and only when none of them failed: any other one leaves grants unused.
 * A file that skips all its tests, because the machine lacks something, counts as run.
 */
function isWhole(vitest: Vitest): boolean {
  const passed = new Set(
    vitest.state
      .getTestModules()
      .filter((module) => ['passed', 'skipped'].includes(module.state()))
      .map(({ moduleId }) => moduleId),
  );
  // The suites of the stand-in start no bus.
  const all = globSync('test/**/*.test.ts', {
    cwd: assembly.rootDirectory,
    exclude: ['test/stand-in/**'],
  });
  return (
    vitest.config.testNamePattern === undefined &&
    all.every((file) => passed.has(join(assembly.rootDirectory, file)))
  );
}

/** The report on what buses of the app wrote into a directory, and whether it is bad. */
export function judge(directory: string): { text: string; failed: boolean } {
  const { stackName, template } = readAssembly(assembly.outDirectory);
  const logicalIds = Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === 'AWS::IAM::Role')
    .map(([logicalId]) => logicalId);
  const coverage = coverageOf({ lines: readUsage(directory), stack: stackName, logicalIds, exceptions });
  return { text: reportOf(coverage), failed: coverage.problems.length > 0 };
}

// By hand, over what single files leave: BUSBAR_IAM_USAGE=<directory> vitest run <files>, then this on the directory.
if (import.meta.main) {
  const [directory] = process.argv.slice(2);
  if (directory === undefined) throw new Error('Give the directory that BUSBAR_IAM_USAGE was.');
  const { text, failed } = judge(directory);
  console.log(text);
  if (failed) process.exitCode = 1;
}
