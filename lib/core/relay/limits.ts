export const refusedPageMax = 1000;
export const refusedPageDefault = 100;
