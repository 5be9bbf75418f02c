/** Where a value stands in relation to what is looked for: below zero before it, zero at it, above zero behind it. */
export type Probe<T> = (value: T) => number;

/**
 * Values in order. They lie in blocks of bounded length, so that adding to or taking from a list of a million costs a
 * binary search and the shift of one block.
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
    // A value behind every other one goes to the end of the last block.
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

  /** Takes out the value that compares equal; false when there is none. */
  remove(value: T): boolean {
    const [at, offset] = this.#lowerBound((other) => this.#compare(other, value));
    const block = this.#blocks[at];
    const found = block?.[offset];
    if (block === undefined || found === undefined || this.#compare(found, value) !== 0) return false;
    block.splice(offset, 1);
    if (block.length === 0) this.#blocks.splice(at, 1);
    return true;
  }

  /** The values from the first one that is not before the probe, in order. */
  *ascending(probe: Probe<T>): Generator<T, void, undefined> {
    const [at, offset] = this.#lowerBound(probe);
    for (let index = at; index < this.#blocks.length; index++) {
      const block = this.#blocks[index] ?? [];
      for (let place = index === at ? offset : 0; place < block.length; place++) yield block[place] as T;
    }
  }

  /** The values from the last one that is before the probe, in reverse order. */
  *descending(probe: Probe<T>): Generator<T, void, undefined> {
    const [at, offset] = this.#lowerBound(probe);
    for (let index = Math.min(at, this.#blocks.length - 1); index >= 0; index--) {
      const block = this.#blocks[index] ?? [];
      for (let place = (index === at ? offset : block.length) - 1; place >= 0; place--) {
        yield block[place] as T;
      }
    }
  }

  /** The block and the place in it of the first value that is not before the probe; one past the last block if none. */
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
