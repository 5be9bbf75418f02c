/** An option of `busbar receivers put` that holds the field of a kind, in place of `--endpoint`. */
export interface KindOption {
  /** The field, which is also the name of the option. */
  readonly field: string;
  readonly description: string;
  /** What such a receiver is, for errors: `a queue`. */
  readonly what: string;
  /** A value, for the examples of the command. */
  readonly example: string;
}
