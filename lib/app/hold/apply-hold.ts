import { type Hold, type HoldMessage, heldByRule, stepHold } from '../../core/hold/hold.ts';
import type { Log } from '../../runtime/log.ts';
import type { Tools } from '../../runtime/tools.ts';

export type ApplyHoldTools = Tools<'holds'>;

/** The hold after a message, and whether the message changed it. */
export interface Applied {
  readonly hold: Hold | undefined;
  readonly changed: boolean;
}

/**
 * Writes what a message does to the hold of a topic, replacing exactly the row that was read.
 * @throws BusbarError the error with which the message is rejected.
 */
export async function applyHold(
  tools: ApplyHoldTools,
  topic: string,
  message: HoldMessage,
): Promise<Applied> {
  for (;;) {
    const was = await tools.holds.find(topic);
    const nowMs = tools.clock.now();
    const step = stepHold(topic, was, message, nowMs, tools.random.uuid());
    if (step.kind === 'reject') throw step.error;
    if (step.kind === 'none') return { hold: was, changed: false };
    if (await tools.holds.replace(step.to, was)) {
      tell(tools.log, was, step.to);
      return { hold: step.to, changed: true };
    }
    // Another writer was first: read it again.
  }
}

/** Logs each change of the state that the API shows. */
function tell(
  log: Log,
  was: Hold | undefined,
  { topic, state, by, application, reason, released, perSecond }: Hold,
) {
  if (was?.state === state) return;
  switch (state) {
    case 'holding':
      log(by === 'rule' ? 'warn' : 'info', by === 'rule' ? heldByRule : 'A topic was put on hold', {
        topic,
        application,
        reason,
      });
      return;
    case 'releasing':
      if (was?.state === 'holding') log('info', 'The release of a topic began', { topic, perSecond });
      return;
    case 'closing':
      return;
    case 'released':
      log('info', 'The release of a topic is over', { topic, released });
  }
}
