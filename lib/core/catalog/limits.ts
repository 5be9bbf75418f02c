/** How many events of a topic are kept for trying out filters. */
export const keptEventsMax = 100;
/** A larger event is not kept. */
export const keptEventBytesMax = 16 * 1024;
/** How many events are in one row. */
export const keptPerRow = 10;
export const keptDays = 30;
/** Rows that an instance writes for a topic at once, and how long it then waits for each. */
export const keptRowsAtOnce = 10;
export const keptRowSeconds = 600;

/** How long a type counts as seen lately, and how many of a topic are listed. */
export const seenTypeDays = 30;
export const seenTypesMax = 50;

/** How many of the events that a filter matches are shown. */
export const samplesMax = 3;
