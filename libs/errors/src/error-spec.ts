/** What the caller should do about an error. The engine reads this, never the message. */
export type Recovery = 'retry' | 'fix-and-retry' | 'give-up';

export interface ErrorSpec {
  readonly recovery: Recovery;
  /** The HTTP status a problem document with this code carries. */
  readonly status: number;
  /** One sentence telling the operator what to do next. */
  readonly remedy: string;
}
