/** One side of a bridge, read until it is closed. */
export interface Reading {
  /** Why the side has not been read completely; undefined when it has. */
  trouble(): string | undefined;
  close(): Promise<void>;
}
