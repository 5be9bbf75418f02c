import type { Topic } from '../../api/types.ts';

/** The settings of a topic as a form has them: texts, and choices that are always made. */
export interface TopicForm {
  readonly description: string;
  readonly owner: string;
  readonly publish: 'owner' | 'request' | 'anyone';
  readonly subscribe: 'owner' | 'request' | 'anyone';
  readonly dedupSeconds: string;
  readonly trace: '' | 'none' | 'failures' | 'all';
  readonly cancellable: boolean;
  readonly holdEvents: string;
  readonly holdSeconds: string;
  readonly holdRate: string;
  readonly schema: string;
}

export function formOf(topic: Topic): TopicForm {
  const { holdWhen = {} } = topic;
  return {
    description: topic.description ?? '',
    owner: topic.owner,
    publish: topic.access?.publish ?? 'owner',
    subscribe: topic.access?.subscribe ?? 'request',
    dedupSeconds: String(topic.dedupSeconds ?? 0),
    trace: topic.trace ?? '',
    cancellable: topic.cancellable ?? true,
    holdEvents: textOf(holdWhen.backlogEvents),
    holdSeconds: textOf(holdWhen.backlogSeconds),
    holdRate: textOf(holdWhen.perSecond),
    schema: topic.schema === undefined ? '' : JSON.stringify(topic.schema, null, 2),
  };
}

const textOf = (value: number | undefined): string => (value === undefined ? '' : String(value));
const numberOf = (text: string): number | undefined => (text.trim() === '' ? undefined : Number(text));

/**
 * The settings that a form asks for; what it does not show stays as it is, and a default that was not set is not set.
 * @param schema the schema of the form, parsed.
 */
export function settingsOf(form: TopicForm, topic: Topic, schema: unknown): Record<string, unknown> {
  const before = formOf(topic);
  const kept = <Value>(name: keyof TopicForm, was: Value, is: Value): Value =>
    form[name] === before[name] ? was : is;
  const line = {
    ...topic.holdWhen,
    backlogEvents: numberOf(form.holdEvents),
    backlogSeconds: numberOf(form.holdSeconds),
    perSecond: numberOf(form.holdRate),
  };
  const holds =
    line.backlogEvents !== undefined || line.backlogSeconds !== undefined || line.perSecond !== undefined;
  const access = {
    publish: kept('publish', topic.access?.publish, form.publish),
    subscribe: kept('subscribe', topic.access?.subscribe, form.subscribe),
  };
  return {
    owner: form.owner.trim(),
    description: kept('description', topic.description, form.description.trim() || undefined),
    access: access.publish === undefined && access.subscribe === undefined ? undefined : access,
    dedupSeconds: kept('dedupSeconds', topic.dedupSeconds, numberOf(form.dedupSeconds)),
    trace: form.trace === '' ? undefined : form.trace,
    cancellable: kept('cancellable', topic.cancellable, form.cancellable),
    holdWhen: holds ? line : undefined,
    schema: kept('schema', topic.schema as unknown, schema),
    ordered: topic.ordered,
  };
}

/** The settings of a topic as they are. */
export const settingsOfTopic = (topic: Topic): Record<string, unknown> =>
  settingsOf(formOf(topic), topic, topic.schema);
