import { type Bridge, bridgeSchema } from './bridge.ts';

/** A source: consumer groups of RocketMQ, declared as bridges. */
export const rocketMqSource = {
  schema: bridgeSchema,
  /** RocketMQ demands that all members of a group have the same subscriptions, and hands each a part of the messages. */
  claimOf: ({ endpoint, group }: Bridge) => ({
    path: 'group',
    identity: JSON.stringify([endpoint.toLowerCase(), group]),
  }),
};
