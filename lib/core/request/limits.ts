/** Requests of one application that wait for a decision. Each is somebody's work, and a filter that is tried out costs reads. */
export const openRequestsMax = 100;
export const reasonCharactersMax = 1000;
/** For how long a request is kept after the decision. */
export const decidedRequestDays = 400;
