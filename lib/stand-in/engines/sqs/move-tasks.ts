import type { EpochMs, Host } from '../engine.ts';
import { invalidParameter, resourceNotFound } from './errors.ts';
import { limits } from './limits.ts';
import type { MessageRow } from './message.ts';
import type { Queue } from './queue.ts';

const table = 'sqs.move-tasks';
/** The failure reason in recorded answers of AWS. */
const queueIsGone = 'AWS.SimpleQueueService.NonExistentQueue';

/** A redrive of dead letters, as stored. */
export interface MoveTask {
  readonly id: string;
  readonly sourceArn: string;
  /** Undefined moves each message back to its source queue. */
  readonly destinationArn: string | undefined;
  readonly perSecond: number | undefined;
  status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  moved: number;
  readonly toMove: number;
  readonly startedMs: EpochMs;
  failureReason: string | undefined;
}

/** The redrives of an account. They continue after a restart. */
export class MoveTasks {
  readonly #host: Host;
  readonly #queueByArn: (arn: string) => Queue | undefined;
  /** Oldest first. */
  readonly #tasks = new Map<string, MoveTask>();
  readonly #timers = new Map<string, () => void>();

  constructor(host: Host, queueByArn: (arn: string) => Queue | undefined) {
    this.#host = host;
    this.#queueByArn = queueByArn;
    for (const [id, value] of host.store.load(table)) {
      this.#tasks.set(id, value as MoveTask);
    }
  }

  /** Continues what was running before a restart. */
  resume(): void {
    for (const task of this.#tasks.values()) {
      if (task.status === 'RUNNING' && !this.#timers.has(task.id)) this.#schedule(task, 0);
    }
  }

  start(source: Queue, destinationArn: string | undefined, perSecond: number | undefined): MoveTask {
    if (this.of(source.arn).some((task) => task.status === 'RUNNING')) {
      throw invalidParameter(
        'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
      );
    }
    const task: MoveTask = {
      id: this.#host.random.uuid(),
      sourceArn: source.arn,
      destinationArn,
      perSecond,
      status: 'RUNNING',
      moved: 0,
      toMove: source.counts().visible,
      startedMs: this.#host.clock.now(),
      failureReason: undefined,
    };
    this.#tasks.set(task.id, task);
    this.#save(task);
    this.#forgetAllButNewest(source.arn);
    this.#schedule(task, 0);
    return task;
  }

  /** The tasks of a source queue, newest first. */
  of(sourceArn: string): MoveTask[] {
    return [...this.#tasks.values()].filter((task) => task.sourceArn === sourceArn).reverse();
  }

  /** Stops a running task; messages already moved stay moved. */
  cancel(id: string): MoveTask {
    const task = this.#tasks.get(id);
    if (task === undefined) throw resourceNotFound('Task does not exist.');
    if (task.status !== 'RUNNING') throw invalidParameter('Only active tasks can be cancelled.');
    this.#end(task, 'CANCELLED');
    return task;
  }

  close(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  #schedule(task: MoveTask, delayMs: number): void {
    this.#timers.set(
      task.id,
      this.#host.clock.setTimer(delayMs, () => this.#step(task)),
    );
  }

  /** Moves as many as one second allows. */
  #step(task: MoveTask): void {
    for (let budget = task.perSecond ?? limits.movePerSecondMax; budget > 0; budget -= 1) {
      const outcome = task.moved < task.toMove ? this.#moveOne(task) : 'empty';
      if (outcome !== 'moved') {
        if (outcome !== 'empty') task.failureReason = outcome.failure;
        this.#end(task, outcome === 'empty' ? 'COMPLETED' : 'FAILED');
        return;
      }
      task.moved += 1;
    }
    this.#save(task);
    this.#schedule(task, 1000);
  }

  #moveOne(task: MoveTask): 'moved' | 'empty' | { failure: string } {
    const source = this.#queueByArn(task.sourceArn);
    if (source === undefined) return { failure: queueIsGone };
    return source.moveNext((row) => this.#destination(task, row));
  }

  #destination(task: MoveTask, row: MessageRow): Queue | string {
    const arn = task.destinationArn ?? row.deadLetterSourceArn;
    if (arn === undefined) return 'CouldNotDetermineMessageSource';
    return this.#queueByArn(arn) ?? queueIsGone;
  }

  #end(task: MoveTask, status: 'COMPLETED' | 'CANCELLED' | 'FAILED'): void {
    this.#timers.get(task.id)?.();
    this.#timers.delete(task.id);
    task.status = status;
    this.#save(task);
  }

  /** AWS lists at most ten tasks of a queue, so older ones are dropped. */
  #forgetAllButNewest(sourceArn: string): void {
    for (const task of this.of(sourceArn).slice(limits.moveTasksListedMax)) {
      this.#tasks.delete(task.id);
      this.#host.store.delete(table, task.id);
    }
  }

  #save(task: MoveTask): void {
    this.#host.store.put(table, task.id, task);
  }
}
