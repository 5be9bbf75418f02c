/** How a value compares with what is looked for: negative before it, zero at it, positive after it. */
export type Probe<T> = (value: T) => number;

/**
 * Values in order, in blocks of bounded length: inserting into or removing from a list of a million costs a binary
 * search and a shift within one block.
 */
export class SortedList<T> {
  readonly #compare: (left: T, right: T) => number;
  readonly #blocks: T[][] = [];
  static readonly #blockLengthMax = 512;

  constructor(compare: (left: T, right: T) => number) {
    this.#compare = compare;
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  add(value: T): void {
    const [at, offset] = this.#lowerBound((other) => this.#compare(other, value));
    // A value greater than all others is appended to the last block.
    const block = this.#blocks[at] ?? this.#blocks.at(-1);
    if (block === undefined) {
      this.#blocks.push([value]);
      return;
    }
    const index = at < this.#blocks.length ? at : this.#blocks.length - 1;
    block.splice(at < this.#blocks.length ? offset : block.length, 0, value);
    if (block.length > SortedList.#blockLengthMax) {
      this.#blocks.splice(index + 1, 0, block.splice(block.length >> 1));
    }
  }

  /** Removes the value that compares equal; false when there is none. */
  remove(value: T): boolean {
    const [at, offset] = this.#lowerBound((other) => this.#compare(other, value));
    const block = this.#blocks[at];
    const found = block?.[offset];
    if (block === undefined || found === undefined || this.#compare(found, value) !== 0) return false;
    block.splice(offset, 1);
    if (block.length === 0) this.#blocks.splice(at, 1);
    return true;
  }

  /** The values from the first one at or after the probe, in order. */
  *ascending(probe: Probe<T>): Generator<T, void, undefined> {
    const [at, offset] = this.#lowerBound(probe);
    for (let index = at; index < this.#blocks.length; index++) {
      const block = this.#blocks[index] ?? [];
      for (let place = index === at ? offset : 0; place < block.length; place++) yield block[place] as T;
    }
  }

  /** The values from the last one before the probe, in reverse order. */
  *descending(probe: Probe<T>): Generator<T, void, undefined> {
    const [at, offset] = this.#lowerBound(probe);
    for (let index = Math.min(at, this.#blocks.length - 1); index >= 0; index--) {
      const block = this.#blocks[index] ?? [];
      for (let place = (index === at ? offset : block.length) - 1; place >= 0; place--) {
        yield block[place] as T;
      }
    }
  }

  /** The block and index of the first value at or after the probe; one past the last block if there is none. */
  #lowerBound(probe: Probe<T>): readonly [block: number, place: number] {
    const blocks = this.#blocks;
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (probe(blocks[middle]?.at(-1) as T) < 0) low = middle + 1;
      else high = middle;
    }
    const block = blocks[low];
    if (block === undefined) return [blocks.length, 0];
    let from = 0;
    let to = block.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (probe(block[middle] as T) < 0) from = middle + 1;
      else to = middle;
    }
    return [low, from];
  }
}
