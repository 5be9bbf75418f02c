import * as z from 'zod';

/** Who may do something with a topic besides its owner: nobody, whoever asks and gets approval, or anybody. */
export const accessModes = ['owner', 'request', 'anyone'] as const;
export type AccessMode = (typeof accessModes)[number];

export const accessSchema = z.strictObject({
  /** Publish events to the topic: `owner` when left out. */
  publish: z.enum(accessModes).optional(),
  /** Subscribe a receiver to the topic: `request` when left out. */
  subscribe: z.enum(accessModes).optional(),
});
export type Access = z.output<typeof accessSchema>;

interface WithAccess {
  readonly access?: Access | undefined;
}

export const publishMode = ({ access }: WithAccess): AccessMode => access?.publish ?? 'owner';
export const subscribeMode = ({ access }: WithAccess): AccessMode => access?.subscribe ?? 'request';

/** Whether members make topics themselves, or ask an admin for each. */
export const makeTopicsModes = ['freely', 'request'] as const;
export type MakeTopics = (typeof makeTopicsModes)[number];
