/** What an attempt came to: an answer of the endpoint, or why there was none. */
export type Outcome =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly retryAfter: string | undefined;
      readonly response: string;
    }
  | {
      readonly kind: 'failure';
      readonly failure: string;
      readonly message: string;
      /** Set where the other side works and said so without a status: it refuses the event, or is asked too much. */
      readonly says?: 'refused' | 'slow-down';
    };
