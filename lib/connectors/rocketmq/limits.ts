/** Of one request to RocketMQ. A client is opened, sends and is closed within one invocation. */
export const timeoutSecondsMax = 5;
export const timeoutSecondsDefault = 3;

/** In how many such times all of that is done: four to open, three to find the topic and send, one to close. */
export const timeoutsMax = 8;
