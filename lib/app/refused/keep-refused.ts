import { bounded, eventRefused, type Refusal, type Refused } from '../../core/refused/refused.ts';
import type { Sighting } from '../../core/why/occurrence.ts';
import type { Tools } from '../../runtime/tools.ts';

export type KeepRefusedTools = Tools<'refused' | 'sightings'>;

/**
 * Keeps what cannot be published where its application finds it, and logs it in a line that an alarm counts.
 * @param event its text, whatever it is.
 * @param incarnation of its target, where it is recorded.
 */
export async function keepRefused(
  tools: KeepRefusedTools,
  given: Omit<Refused, 'code' | 'detail' | 'errors' | 'refusedAt' | 'times'>,
  { code, detail: cause, errors: found }: Refusal,
  event: string,
  incarnation?: string,
): Promise<void> {
  const { detail, errors, ...about } = bounded({ ...given, detail: cause, errors: found });
  const nowMs = tools.clock.now();
  const standing = await tools.refused.find(about.application, about.id);
  const refused: Refused = {
    ...about,
    code,
    detail,
    ...(errors.length > 0 && { errors }),
    refusedAt: new Date(nowMs).toISOString(),
    times: (standing?.refused.times ?? 0) + 1,
  };
  await tools.refused.put(refused, event);
  const sighting = sightingOf(refused, event, incarnation, nowMs);
  if (sighting !== undefined) await tools.sightings.put([sighting]);
  // The line's own message is what the alarm counts.
  const { message, ...fields } = about;
  tools.log('error', eventRefused, {
    ...fields,
    ...(message !== undefined && { sourceMessage: message }),
    code,
    detail,
  });
}

/** Where the event is found by its id; undefined when it cannot be read so far. */
function sightingOf(
  { id: refusedId, application, topic, receiver, eventId, code, detail }: Refused,
  event: string,
  incarnation: string | undefined,
  atMs: number,
): Extract<Sighting, { kind: 'refused' }> | undefined {
  const target = topic !== undefined ? { topic } : receiver !== undefined ? { receiver } : undefined;
  const { source = `/applications/${application}`, type } = partsOf(event);
  if (target === undefined || eventId === undefined) return undefined;
  if (typeof source !== 'string' || typeof type !== 'string') return undefined;
  const about = { id: eventId, source, type, target, by: application, atMs, refusedId, code, detail };
  return { kind: 'refused', ...about, ...(incarnation !== undefined && { incarnation }) };
}

function partsOf(event: string): { readonly source?: unknown; readonly type?: unknown } {
  try {
    const value: unknown = JSON.parse(event);
    return typeof value === 'object' && value !== null ? value : {};
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {};
  }
}
