/** Receivers that the overview shows. */
export const receiversShown = 20;
/** Those of them whose queues are counted, which costs five calls each. */
export const receiversCounted = 10;
/** For how long an instance trusts what it counted of a receiver, seconds. */
export const countedSeconds = 60;
export const holdsShown = 20;
export const redrivesShown = 20;
/** Dead letters in the table that are counted. */
export const deadLettersCounted = 100;
/** Of what failed lately, seconds. */
export const latelySeconds = 15 * 60;
