export const listLimitMax = 1000;
export const listLimitDefault = 100;

/** The items of one page, as JSON: Lambda answers with at most 6 MB, and a client should not wait for so much. */
export const pageBytesMax = 768 * 1024;

/** How many reads of at most 1 MB one call makes for a page, before it answers with what it has found. */
export const pageReadsMax = 8;
