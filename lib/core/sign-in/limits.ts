const kib = 1024;

/** A sign-in link is used at once; what lies around in a terminal or a chat must not let anybody in. */
export const linkSecondsDefault = 5 * 60;
export const linkSecondsMax = 15 * 60;
/** The longest session of a sign-in link: a day's work. */
export const sessionSecondsMax = 12 * 3600;
/** Sessions of sign-in links that an application has at a time. */
export const sessionsMax = 100;

/** Longer ones are refused unread. API Gateway takes 10,240 bytes of headers altogether. */
export const tokenBytesMax = 16 * kib;
/** How far the clocks of the provider and of the bus may be apart. */
export const clockToleranceSeconds = 30;
/** Entries of the groups claim that are looked at; the rest is ignored. */
export const groupsMax = 1000;
export const groupCharactersMax = 256;
export const audiencesMax = 10;
export const consoleOriginsMax = 5;
/** What the functions are told must fit into their environment, of which Lambda allows 4 KB in all. */
export const settingBytesMax = 2 * kib;

/** What a provider may send as its metadata, or as its keys. */
export const documentBytesMax = 256 * kib;
export const providerKeysMax = 100;
/** Both requests to a provider, from the first byte sent to the last one read. */
export const fetchMs = 5000;
/** Keys are fetched anew when they are older than this. */
export const keysFreshMs = 10 * 60_000;
/** Keys that could not be fetched anew are used for so long. */
export const keysUsableMs = 24 * 3_600_000;
/** The least time between two fetches of an instance, whatever tokens come, and whether a fetch succeeds. */
export const betweenFetchesMs = 30_000;
