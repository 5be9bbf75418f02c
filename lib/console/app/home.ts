/** Where the console is, below the origin of its bus. */
export const home = '/console';
