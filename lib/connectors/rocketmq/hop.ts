/**
 * The place of an event in a topic of a RocketMQ cluster (core/event/hops.ts), by the endpoint under which the bus knows
 * it. A cluster with two names counts as two: an event then goes round once more, until it reaches a topic of the bus
 * again.
 */
export const rocketMqHop = (endpoint: string, topic: string): string =>
  `rocketmq:${encode(endpoint.toLowerCase())}/${encode(topic)}`;

/** A chain of places is parted by spaces, and a header carries it. */
const encode = (text: string) =>
  text.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (character) => encodeURIComponent(character));
