/**
 * The quotas of EventBridge Scheduler that this engine enforces. Source: the API reference
 * (https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html) and the user guide.
 */
export const schedulerLimits = {
  name: /^[0-9a-zA-Z-_.]{1,64}$/,
  expressionChars: 256,
  descriptionChars: 512,
  inputBytes: 256 * 1024,
  flexibleWindowMinutes: { min: 1, max: 1440 },
  retryAttempts: { min: 0, max: 185, default: 185 },
  eventAgeSeconds: { min: 60, max: 86_400, default: 86_400 },
  groups: 500,
  tags: 200,
  pageSize: { min: 1, max: 100, default: 100 },
  /**
   * A recurring schedule may start in the past, but not further back (recorded in getmoto/moto, pull request 8172).
   */
  startDateAgeMs: 5 * 60_000,
  /**
   * Every schedule fires within 60 s after its time:
   * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
   */
  precisionMs: 60_000,
} as const;
