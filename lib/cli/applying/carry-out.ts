import { BusbarError } from '../../client/index.ts';
import { type Step, stepName } from '../../core/manifest/plan.ts';
import { type Item, isItem } from '../support/answer.ts';

export type StepResult =
  | { readonly result: 'done'; readonly secret?: string; readonly effectiveWithinSeconds?: number }
  | { readonly result: 'failed'; readonly error: BusbarError }
  /** A step that it needs failed; deletes need all. */
  | { readonly result: 'skipped'; readonly because: string };

/**
 * Takes the steps one after another. Whatever fails, the steps that do not need it are taken; nothing is deleted after a
 * failure. @throws what is no refusal of a single step: a bus that is gone, a key that is refused.
 */
export async function carryOut(
  steps: readonly Step[],
  call: (method: string, path: string, body?: Item) => Promise<unknown>,
  {
    force,
    tell,
  }: { readonly force: boolean; readonly tell: (step: Step, result: StepResult) => Promise<void> },
): Promise<boolean> {
  const failed = new Set<string>();
  for (const step of steps) {
    const because = step.action === 'delete' ? [...failed][0] : step.needs.find((need) => failed.has(need));
    const result: StepResult =
      because === undefined ? await take(step, call, force) : { result: 'skipped', because };
    if (result.result !== 'done') failed.add(stepName(step));
    await tell(step, result);
  }
  return failed.size === 0;
}

async function take(
  step: Step,
  call: (method: string, path: string, body?: Item) => Promise<unknown>,
  force: boolean,
): Promise<StepResult> {
  const forced = force && (step.kind === 'topic' || (step.kind === 'receiver' && step.action === 'delete'));
  const path = `${pathOf(step)}${forced ? '?force=true' : ''}`;
  try {
    const answer =
      step.action === 'delete' ? await call('DELETE', path) : await call('PUT', path, step.settings);
    const { secret, effectiveWithinSeconds } = isItem(answer) ? answer : ({} as Item);
    return {
      result: 'done',
      ...(typeof secret === 'string' && step.settings?.secret === undefined && { secret }),
      ...(typeof effectiveWithinSeconds === 'number' && { effectiveWithinSeconds }),
    };
  } catch (error) {
    if (!(error instanceof BusbarError) || !isOfStep(error)) throw error;
    // Gone already, as with its topic or receiver.
    if (step.action === 'delete' && error.status === 404) return { result: 'done' };
    return { result: 'failed', error };
  }
}

/** Whether another step may fare better: the bus answers, and knows the key. */
const isOfStep = ({ status }: BusbarError) => status !== undefined && status < 500 && status !== 401;

function pathOf({ kind, name }: Step): string {
  const [first = '', second = ''] = name.split('/').map(encodeURIComponent);
  return kind === 'subscription' ? `/topics/${first}/subscriptions/${second}` : `/${kind}s/${first}`;
}
