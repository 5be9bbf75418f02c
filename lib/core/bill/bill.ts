/**
 * What AWS would charge for what was metered: the list prices of us-east-1 without free tiers, in one table, by the
 * unit names that the local engines count. Storage is not metered and not included.
 */

interface Price {
  /** US dollars for `per` units. */
  readonly dollars: number;
  readonly per: number;
  readonly source: string;
}

const million = 1_000_000;
const sqsPricing = 'https://aws.amazon.com/sqs/pricing/';
const snsPricing = 'https://aws.amazon.com/sns/pricing/';
const dynamodbPricing = 'https://aws.amazon.com/dynamodb/pricing/on-demand/';
const lambdaPricing = 'https://aws.amazon.com/lambda/pricing/';

export const prices = {
  /** One request for each started 64 KB. */
  'sqs.requests': { dollars: 0.4, per: million, source: sqsPricing },
  'sqs.fifo-requests': { dollars: 0.5, per: million, source: sqsPricing },
  /** In addition to the request, when its messages have a group on a standard queue. */
  'sqs.fair-requests': { dollars: 0.1, per: million, source: sqsPricing },
  /** Whether SQS bills what SNS sends is not published; see `BillOptions`. */
  'sqs.requests-from-sns': { dollars: 0.4, per: million, source: sqsPricing },

  /** One request for each started 64 KB of the whole call. */
  'sns.requests': { dollars: 0.5, per: million, source: snsPricing },
  /**
   * FIFO topics are billed by call and by bytes, and so are their deliveries to queues. From the pricing page; not
   * checked against the price list.
   */
  'sns.fifo-requests': { dollars: 0.3, per: million, source: snsPricing },
  'sns.fifo-payload-bytes': { dollars: 0.017, per: 1e9, source: snsPricing },
  'sns.fifo-deliveries-sqs': { dollars: 0.01, per: million, source: snsPricing },
  'sns.fifo-delivered-bytes': { dollars: 0.001, per: 1e9, source: snsPricing },
  /**
   * Filter policies over attributes are free; one over the body is billed by the bytes it reads (not checked against
   * the price list).
   */
  'sns.filter-payload-bytes': { dollars: 0.09, per: 1e9, source: snsPricing },
  /** SNS does not charge for deliveries to queues, failed or not. */
  'sns.deliveries-sqs': { dollars: 0, per: million, source: snsPricing },
  'sns.deliveries-redriven': { dollars: 0, per: million, source: snsPricing },
  'sns.deliveries-failed': { dollars: 0, per: million, source: snsPricing },
  'sns.deliveries-lost': { dollars: 0, per: million, source: snsPricing },

  'dynamodb.write-units': { dollars: 0.625, per: million, source: dynamodbPricing },
  'dynamodb.read-units': { dollars: 0.125, per: million, source: dynamodbPricing },
  /** Stream reads by Lambda are free, and the bus has no other reader. */
  'dynamodb.stream-reads': { dollars: 0, per: million, source: dynamodbPricing },

  'lambda.requests': { dollars: 0.2, per: million, source: lambdaPricing },
  /** The price of arm64, which every function of the bus runs on (x86_64: 0.0000166667). */
  'lambda.gb-seconds': { dollars: 0.0000133334, per: 1, source: lambdaPricing },

  /** What functions log; for as long as it is kept (a month) it costs $0.03 a GB more. */
  'logs.ingested-bytes': { dollars: 0.5, per: 1e9, source: 'https://aws.amazon.com/cloudwatch/pricing/' },
  /** A month of each metric that an alarm reads. */
  'cloudwatch.alarm-metrics': { dollars: 0.1, per: 1, source: 'https://aws.amazon.com/cloudwatch/pricing/' },
  /** What is sent to endpoints on the Internet; to those in the same Region it costs less or nothing. */
  'transfer.out-bytes': { dollars: 0.09, per: 1e9, source: 'https://aws.amazon.com/ec2/pricing/on-demand/' },

  'secretsmanager.requests': {
    dollars: 0.05,
    per: 10_000,
    source: 'https://aws.amazon.com/secrets-manager/pricing/',
  },

  /** HTTP API, one request for each started 512 KB. */
  'apigateway.requests': {
    dollars: 1,
    per: million,
    source: 'https://aws.amazon.com/api-gateway/pricing/',
  },
  'scheduler.invocations': {
    dollars: 1,
    per: million,
    source: 'https://aws.amazon.com/eventbridge/pricing/',
  },
} as const satisfies Record<string, Price>;

export type Unit = keyof typeof prices;

export interface BillOptions {
  /**
   * Whether SQS bills the sends that SNS makes (`sqs.requests-from-sns`). AWS does not say; by default they are billed,
   * so an estimate errs on the high side.
   */
  readonly sendsFromSns?: 'billed' | 'free';
}

export interface BillLine {
  readonly unit: Unit;
  readonly quantity: number;
  readonly dollars: number;
}

/** In US dollars; the most expensive line first. */
export interface Bill {
  readonly lines: readonly BillLine[];
  readonly dollars: number;
}

/** Thrown for a unit that is not in the price table: a unit without a price must not look free. */
export class UnpricedUnitError extends Error {
  readonly unit: string;

  constructor(unit: string) {
    super(
      `The unit ${unit} has no price. Give it one, with its source, in the table of lib/core/bill/bill.ts.`,
    );
    this.name = 'UnpricedUnitError';
    this.unit = unit;
  }
}

/**
 * The bill for quantities by unit, as the meter of the local target counts them.
 * @throws UnpricedUnitError for a unit that is not in the table.
 * @throws RangeError for a quantity that is not a number of 0 or more.
 */
export function billOf(counts: Readonly<Record<string, number>>, options: BillOptions = {}): Bill {
  const lines = Object.entries(counts).map(([unit, quantity]) => lineOf(unit, quantity, options));
  lines.sort((left, right) => right.dollars - left.dollars || (left.unit < right.unit ? -1 : 1));
  return { lines, dollars: lines.reduce((sum, line) => sum + line.dollars, 0) };
}

function lineOf(unit: string, quantity: number, options: BillOptions): BillLine {
  if (!isUnit(unit)) throw new UnpricedUnitError(unit);
  if (!Number.isFinite(quantity) || quantity < 0) {
    throw new RangeError(`The quantity of ${unit} is ${quantity}. It must be a number of 0 or more.`);
  }
  const { dollars, per } = prices[unit];
  const isFree = unit === 'sqs.requests-from-sns' && options.sendsFromSns === 'free';
  return { unit, quantity, dollars: isFree ? 0 : (quantity / per) * dollars };
}

function isUnit(unit: string): unit is Unit {
  return Object.hasOwn(prices, unit);
}
