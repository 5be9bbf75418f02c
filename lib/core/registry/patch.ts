import { mergePatch, type Patch, patchSchemaOf } from '../kernel/merge-patch.ts';
import { parseSpec } from '../kernel/spec.ts';
import type { Kinds, ReceiverKind } from './kinds.ts';
import { type Receiver, type ReceiverSpec, receiverFields } from './receiver.ts';
import { type Topic, type TopicSpec, topicSchema } from './topic.ts';

export const topicPatchSchema = patchSchemaOf(topicSchema.shape);

/** @throws BusbarError invalid_request, and those of a filter or schema. */
export function patchedTopic(topic: Topic, patch: Patch): TopicSpec {
  return parseSpec(topicSchema, mergePatch(pick(topic, Object.keys(topicSchema.shape)), patch));
}

/**
 * The settings of a receiver after a patch. What is kept of its credentials stands in them as the API shows it, so that
 * the rules for what may be kept decide: secrets stay for an endpoint of the same origin, and must be given for another.
 * @throws BusbarError invalid_request.
 */
export function patchedReceiver<Kind extends ReceiverKind>(
  kinds: Kinds<Kind>,
  receiver: Receiver,
  patch: Patch,
): ReceiverSpec {
  const { secret: _, ...shared } = receiverFields.shape;
  const kind = kinds.of(receiver);
  const settings = {
    ...pick(receiver, Object.keys(shared)),
    ...pick(kind.show(receiver), Object.keys(kind.fields)),
  };
  return parseSpec(kinds.receiverSchema, mergePatch(settings, patch));
}

const pick = (from: object, names: readonly string[]) =>
  Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
