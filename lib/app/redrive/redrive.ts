import type { Principal } from '../../core/access/access.ts';
import { actorOf } from '../../core/access/acting.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import {
  isFinished,
  isRunOf,
  newRedrive,
  type Redrive,
  type RedriveSpec,
  showRedrive,
} from '../../core/redrive/redrive.ts';
import type { Tools } from '../../runtime/tools.ts';
import { ownReceiver } from '../registry/flow.ts';

export type RedriveTools = Tools<'registry' | 'redrives' | 'queues'>;

type Shown = ReturnType<typeof showRedrive>;

/**
 * Starts a redrive of a receiver's dead letters; `continueRedrive` does the work.
 * @throws BusbarError not_active, redrive_running, unavailable, invalid_request, unknown_receiver, forbidden.
 */
export async function startRedrive(
  tools: RedriveTools,
  principal: Principal,
  name: string,
  spec: RedriveSpec,
): Promise<Shown> {
  const receiver = await ownReceiver(tools, principal, name);
  if (receiver.state !== 'active') {
    throw new BusbarError(
      'not_active',
      `The receiver ${name} is ${receiver.state}, so nothing would be delivered. Resume it first with POST /v1/receivers/${name}/resume.`,
    );
  }
  const nowMs = tools.clock.now();
  const run = newRedrive(
    spec,
    {
      id: `rdr_${tools.random.uuid()}`,
      receiver: name,
      owner: receiver.owner,
      startedBy: principal.application,
      ...(receiver.incarnation !== undefined && { incarnation: receiver.incarnation }),
      actor: actorOf(principal),
    },
    nowMs,
  );
  const standing = await tools.redrives.start(run, nowMs);
  if (standing !== undefined) {
    throw new BusbarError(
      'redrive_running',
      `${standing.startedBy} started a redrive of ${name} at ${standing.startedAt}, and it is ${standing.state}. GET /v1/receivers/${name}/redrive shows it; DELETE stops it.`,
      { members: { redrive: showRedrive(standing) } },
    );
  }
  const [failure] = await tools.queues.send('redrive', [
    { body: JSON.stringify({ receiver: name, redrive: run.id }), attributes: {} },
  ]);
  if (failure !== undefined) {
    const reason = 'It could not be started';
    await tools.redrives.replace({ ...run, state: 'halted', reason }, run);
    throw new BusbarError('unavailable', `The redrive could not be started: ${failure.reason}. Try again.`, {
      retryAfterSeconds: 10,
    });
  }
  return showRedrive(run);
}

async function findRun(tools: RedriveTools, principal: Principal, name: string): Promise<Redrive> {
  const receiver = await ownReceiver(tools, principal, name);
  const run = await tools.redrives.find(name);
  if (run !== undefined && isRunOf(run, receiver)) return run;
  throw new BusbarError(
    'unknown_redrive',
    `${name} has no recent redrive. Start one with POST /v1/receivers/${name}/redrive.`,
  );
}

/** The running redrive, or the last one. @throws BusbarError unknown_redrive. */
export async function getRedrive(tools: RedriveTools, principal: Principal, name: string): Promise<Shown> {
  return showRedrive(await findRun(tools, principal, name));
}

/** Stops a redrive: what was sent stays sent, the other letters stay. A finished one does not change. */
export async function stopRedrive(tools: RedriveTools, principal: Principal, name: string): Promise<Shown> {
  for (;;) {
    const run = await findRun(tools, principal, name);
    if (isFinished(run)) return showRedrive(run);
    const stopped: Redrive = {
      ...run,
      state: 'stopped',
      reason: `Stopped by ${principal.application}`,
      updatedAt: new Date(tools.clock.now()).toISOString(),
    };
    // The worker that continues it may write it at the same moment; then try once more.
    if (await tools.redrives.replace(stopped, run)) return showRedrive(stopped);
  }
}
