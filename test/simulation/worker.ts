import { type Job, outcomeOf } from './outcome.ts';

/** Runs the jobs that its parent sends, one after the other. */
process.on('message', (job: Job) => {
  void outcomeOf(job).then((outcome) => process.send?.(outcome));
});
