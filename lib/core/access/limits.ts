export const scopesMax = 50;
export const keyNameCharactersMax = 100;
export const contactsMax = 20;
export const contactCharactersMax = 200;
export const applicationDescriptionCharactersMax = 1000;
/** Their names are in the row of the parent, which every instance reads every few seconds. */
export const childrenMax = 100;
/** For how long the name of a deleted application is kept from others: as long as anything of it, its months of statistics. */
export const formerApplicationDays = 800;
/** After so many different wrong keys within a minute, unknown keys are refused without being looked up. */
export const wrongKeysPerMinute = { address: 100, instance: 1000 } as const;
