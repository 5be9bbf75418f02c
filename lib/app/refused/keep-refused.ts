import { eventRefused, type Refusal, type Refused } from '../../core/refused/refused.ts';
import type { Tools } from '../../runtime/tools.ts';

export type KeepRefusedTools = Tools<'refused'>;

/** Keeps what cannot be published where its application finds it, and logs it in a line that an alarm counts. */
export async function keepRefused(
  tools: KeepRefusedTools,
  about: Omit<Refused, 'code' | 'detail' | 'errors' | 'refusedAt' | 'times'>,
  { code, detail, errors }: Refusal,
  event: string,
): Promise<void> {
  const standing = await tools.refused.find(about.application, about.id);
  await tools.refused.put(
    {
      ...about,
      code,
      detail,
      ...(errors.length > 0 && { errors }),
      refusedAt: new Date(tools.clock.now()).toISOString(),
      times: (standing?.refused.times ?? 0) + 1,
    },
    event,
  );
  // The line's own message is what the alarm counts.
  const { message, ...fields } = about;
  tools.log('error', eventRefused, {
    ...fields,
    ...(message !== undefined && { sourceMessage: message }),
    code,
    detail,
  });
}
