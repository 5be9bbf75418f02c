/** How long an audit row is kept. */
export const auditDays = 400;
/** Up to so many characters of a target are kept. */
export const targetCharactersMax = 256;
/** What is said of a change, as JSON; of a larger one only the names of its fields. */
export const changeCharactersMax = 2000;
/** How many different refusals an instance counts in a minute; further ones are counted together. */
export const refusalsCountedMax = 200;
/** After so many refusals of an application within a minute, its calls get a row when they succeed, not before. */
export const refusalsTrustedMax = 20;
/** How many partitions and pages one call of a list reads. */
export const auditReadsMax = 40;
