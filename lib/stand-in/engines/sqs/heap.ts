/**
 * A binary heap that knows the position of each item, so any item can be removed or moved in O(log n). The item
 * itself holds its position, through `place`; -1 means that it is not in the heap.
 */
export class IndexedHeap<T> {
  readonly #items: T[] = [];
  readonly #before: (left: T, right: T) => boolean;
  readonly #place: (item: T, index: number) => void;
  readonly #indexOf: (item: T) => number;

  constructor(
    before: (left: T, right: T) => boolean,
    indexOf: (item: T) => number,
    place: (item: T, index: number) => void,
  ) {
    this.#before = before;
    this.#indexOf = indexOf;
    this.#place = place;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  remove(item: T): void {
    const index = this.#indexOf(item);
    this.#place(item, -1);
    const last = this.#items.pop();
    if (last === undefined || index === this.#items.length) return;
    this.#settle(last, index);
  }

  /** Call this after the key of an item changed. */
  update(item: T): void {
    this.#settle(item, this.#indexOf(item));
  }

  #settle(item: T, index: number): void {
    if (this.#rise(item, index) === index) this.#sink(item, index);
  }

  #rise(item: T, from: number): number {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      // Every index below the length holds an item; the cast avoids the check on this hot path.
      const parent = this.#items[above] as T;
      if (!this.#before(item, parent)) break;
      this.#items[index] = parent;
      this.#place(parent, index);
      index = above;
    }
    this.#items[index] = item;
    this.#place(item, index);
    return index;
  }

  #sink(item: T, from: number): void {
    const { length } = this.#items;
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= length) break;
      let child = this.#items[below] as T;
      if (below + 1 < length) {
        const right = this.#items[below + 1] as T;
        if (this.#before(right, child)) {
          child = right;
          below += 1;
        }
      }
      if (!this.#before(child, item)) break;
      this.#items[index] = child;
      this.#place(child, index);
      index = below;
    }
    this.#items[index] = item;
    this.#place(item, index);
  }
}
