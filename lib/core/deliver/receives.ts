/**
 * SQS counts every receive of a message, also one that leads to no attempt, and moves the message to the dead letters after
 * `poisonReceivesMax`. That is the backstop for messages that crash the function, so nothing else may come near it in the 14
 * days for which a queue keeps a message. Decision 141 has the sum.
 */

/** SQS takes no more than this as `maxReceiveCount`. */
export const poisonReceivesMax = 1000;

/** So many receives are free; from then on, each that leads to no attempt makes the next wait longer. */
const freeReceives = 100;
const secondsPerReceive = 10;

/**
 * For how long a message is hidden that goes back to its lane unsent: for as long as is wanted, and longer the more often
 * it was received already.
 * @param receives how often the queue handed it out, this time included.
 * @param wantedSeconds undefined for the visibility timeout of the queue.
 * @param visibilitySeconds that timeout.
 */
export function unsentWaitSeconds(
  receives: number,
  wantedSeconds: number | undefined,
  visibilitySeconds: number,
): number | undefined {
  const least = Math.max(0, receives - freeReceives) * secondsPerReceive;
  return least <= (wantedSeconds ?? visibilitySeconds) ? wantedSeconds : least;
}
