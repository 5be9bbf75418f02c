import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Job, Outcome } from './outcome.ts';

/** No run takes so long, unless the bus goes round in a circle without ever waiting. */
const runSecondsMax = 300;

/** A process ages: bundles and engines of many runs fill its memory. */
const runsPerProcess = 100;

/**
 * Runs jobs in several processes and gives each outcome as it comes. One that ends its process, or never ends, is an
 * outcome with a problem.
 */
export async function runAll(
  jobs: Iterator<Job>,
  processes: number,
  onOutcome: (outcome: Outcome, job: Job) => void,
): Promise<void> {
  await Promise.all(Array.from({ length: processes }, () => runSome()));

  async function runSome(): Promise<void> {
    for (;;) {
      const child = fork(join(import.meta.dirname, 'worker.ts'), {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      try {
        for (let runs = 0; runs < runsPerProcess; runs++) {
          const { value: job, done } = jobs.next();
          if (done === true) return;
          const outcome = await runOne(child, job);
          onOutcome(outcome, job);
          if (child.exitCode !== null || child.signalCode !== null) break;
        }
      } finally {
        child.kill('SIGKILL');
      }
    }
  }
}

function runOne(child: ChildProcess, job: Job): Promise<Outcome> {
  return new Promise((resolve) => {
    let stderr = '';
    const onData = (chunk: unknown) => {
      stderr += String(chunk);
    };
    const failed = (message: string) =>
      finish({ ...nothing, seed: job.seed, problems: [{ checker: 'simulation', message, timeline: [] }] });
    const onExit = () => failed(`The process of the run ended. ${stderr.slice(-2000)}`);
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      failed(`The run did not end within ${runSecondsMax} s.`);
    }, runSecondsMax * 1000);
    function finish(outcome: Outcome): void {
      clearTimeout(timer);
      child.off('message', finish);
      child.off('exit', onExit);
      child.stderr?.off('data', onData);
      resolve(outcome);
    }
    child.on('message', finish);
    child.on('exit', onExit);
    child.stderr?.on('data', onData);
    child.send(job);
  });
}

const nothing = { hash: '', events: 0, attempts: 0, deadLetters: 0, virtualMs: 0, faults: [] };
