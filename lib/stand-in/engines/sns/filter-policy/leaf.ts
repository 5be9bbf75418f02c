/** A value that a policy can compare: a message attribute, or a scalar property of the body. */
export type Leaf = string | number | boolean | null;

/** Tests one value that is present. */
export type Test = (leaf: Leaf) => boolean;

export const isLeaf = (value: unknown): value is Leaf => value === null || typeof value !== 'object';

const rangeMax = 1e9;
const accuracy = 1e5;

/**
 * A number as SNS compares it: from -10^9 to 10^9 with five decimal places; undefined beyond.
 * https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
 */
export function comparable(value: number): number | undefined {
  return Math.abs(value) <= rangeMax ? Math.round(value * accuracy) : undefined;
}

/** Tests for numbers equal to `expected`. Numbers beyond the comparable range are equal only when identical. */
export function equalsNumber(expected: number): Test {
  const wanted = comparable(expected);
  return (leaf) =>
    typeof leaf === 'number' && (leaf === expected || (wanted !== undefined && comparable(leaf) === wanted));
}
