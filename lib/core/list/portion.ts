/** Some items of a store in their order, each with its position; `last` is where to go on, if there may be more. */
export interface Portion<Item> {
  readonly items: readonly { readonly key: string; readonly item: Item }[];
  readonly last: string | undefined;
}
