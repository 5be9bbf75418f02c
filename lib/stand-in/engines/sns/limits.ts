/**
 * The quotas of SNS that this engine enforces. Sources: "Amazon SNS endpoints and quotas"
 * (https://docs.aws.amazon.com/general/latest/gr/sns.html), the API reference of Publish, PublishBatch, CreateTopic and
 * TagResource (https://docs.aws.amazon.com/sns/latest/api/), and for filter policies
 * https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html.
 */
export const snsLimits = {
  /** For one message, and for all messages of a batch together. Names, types and values of attributes count. */
  messageBytes: 256 * 1024,
  batchEntries: 10,
  batchEntryIdLength: 80,
  subjectLength: 100,
  attributeNameLength: 256,
  groupIdLength: 128,
  deduplicationIdLength: 128,
  deduplicationWindowMs: 5 * 60_000,
  topicNameLength: 256,
  displayNameLength: 100,
  tags: 50,
  pageSize: 100,
  filterPoliciesOfTopic: 200,
  filterPoliciesOfAccount: 10_000,
  /**
   * A raw delivery with more attributes does not fit into SQS.
   * https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
   */
  rawDeliveryAttributes: 10,
  /** The payload of one billed request. https://aws.amazon.com/sns/pricing/ */
  requestUnitBytes: 64 * 1024,
} as const;
