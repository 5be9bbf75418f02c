/** How long a dead letter is kept once it was looked at; until then its queue keeps it for its 14 days. */
export const deadLetterSeconds = 30 * 24 * 3600;

/** How long one call takes dead letters out of their queue before it answers with what it has. */
export const takeInSeconds = 8;

/** How many reads of at most 1 MB, about a thousand letters each, one call makes to count causes. */
export const clusterReadsMax = 16;

/** The time limit of the function that redrives. */
export const redriveTimeoutSeconds = 60;
