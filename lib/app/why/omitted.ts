import type { TraceMode } from '../../core/event/trace-mode.ts';
import type { Portion } from '../../core/list/portion.ts';
import type { Topic } from '../../core/registry/topic.ts';
import type { Tools } from '../../runtime/tools.ts';

/** At most this many topics are named. */
const namedMax = 10;

/** So many topics are read for it. */
const readMax = 1000;

const leftOutBy = {
  failures: 'events that were delivered at once',
  none: 'single events, failing or not,',
} as const;

/** The same of one topic. */
export function notRecordedOf(
  preset: TraceMode,
  { topic, trace = preset }: Pick<Topic, 'topic' | 'trace'>,
): string | undefined {
  return trace === 'all'
    ? undefined
    : `not recorded: ${leftOutBy[trace]} of the topic ${topic} (trace: ${trace})`;
}

/**
 * A sentence that says what is delivered without a trace; undefined when everything is traced. Of some seconds ago: whoever
 * follows deliveries asks every second, and it takes a read of up to 1 MB.
 */
export async function notRecordedLately({
  trace,
  registry,
}: Tools<'trace' | 'registry'>): Promise<string | undefined> {
  return sentenceOf(trace, await registry.cachedTraceModes(readMax));
}

/** The same, as it is now. */
export async function notRecorded({
  trace,
  registry,
}: Tools<'trace' | 'registry'>): Promise<string | undefined> {
  return sentenceOf(trace, await registry.topicsAfter('', readMax));
}

function sentenceOf(
  trace: TraceMode,
  { items, last }: Portion<Pick<Topic, 'topic' | 'trace'>>,
): string | undefined {
  const parts: string[] = [];
  for (const mode of ['failures', 'none'] as const) {
    const names = items.filter(({ item }) => (item.trace ?? trace) === mode).map(({ item }) => item.topic);
    const more = names.length > namedMax || last !== undefined ? ' and others' : '';
    const what = leftOutBy[mode];
    if (names.length > 0) {
      const whose = `of ${names.length === 1 ? 'the topic' : 'the topics'} ${names.slice(0, namedMax).join(', ')}${more}`;
      parts.push(`${what} ${whose} (trace: ${mode})`);
    }
    if (trace === mode) parts.push(`${what} that were invoked (trace: ${mode})`);
  }
  return parts.length === 0
    ? undefined
    : `not recorded: ${parts.join('; ')}; there is no record of a failed attempt`;
}
