import { drawEvent } from './filters.ts';
import type { Operation } from './operations.ts';

/** What producers do when all is well again: an event to each topic, and one to a receiver alone. */
export const publishToAll: Operation = async ({ dice, model, submitter }) => {
  const drafts = [...model.topics.keys()].map((topic) =>
    submitter.draft({ topic }, 'publish', drawEvent(dice, 3)),
  );
  const receiver = dice.pick([...model.receivers.keys()]);
  drafts.push(submitter.draft({ receiver }, 'invoke', drawEvent(dice, 3)));
  for (const draft of drafts) await submitter.send([draft]);
};
