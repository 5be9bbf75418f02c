/** How long an earlier secret signs beside its successor, unless the rotation says otherwise. */
export const secretOverlapSecondsDefault = 24 * 3600;

/** How often a change of a topic, receiver or subscription is made anew because another was written first. */
export const registryChangeRoundsMax = 8;

/**
 * For how long only its former owner may create a topic again that was deleted: longer than any publisher runs that may
 * still have it cached.
 */
export const formerSeconds = 60;

/** How many bytes of JSON an instance keeps of the schemas that it used last: 64 of the largest. */
export const schemaCacheBytesMax = 8 * 1024 * 1024;
