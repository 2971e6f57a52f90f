interface Details {
  readonly command: string;
  /** HTTP status of the answer: that of the refusal, or 200 where a job told it. */
  readonly httpStatus: number;
  readonly errorCode: number;
  readonly csErrorCode?: number;
  /** What the server says, with our keys taken out. */
  readonly text: string;
  readonly inJob: boolean;
  readonly clockSkewMs?: number;
}

/** CloudStack refuses a command, or a job of it has failed (CloudStack ApiErrorCode, ExceptionResponse). */
export class ApiFault extends Error {
  override readonly name = 'ApiFault';
  readonly command: string;
  readonly httpStatus: number;
  readonly errorCode: number;
  readonly csErrorCode?: number;
  readonly text: string;
  /** Whether it was told by a job that had started, and not by the answer to the command. */
  readonly inJob: boolean;
  /** Milliseconds by which our clock is ahead of the server's, where the answer has told its time. */
  readonly clockSkewMs?: number;

  constructor(details: Details) {
    super(`${details.command}: ${details.text || `error ${details.errorCode}`}`);
    this.command = details.command;
    this.httpStatus = details.httpStatus;
    this.errorCode = details.errorCode;
    this.text = details.text;
    this.inJob = details.inJob;
    if (details.csErrorCode !== undefined) this.csErrorCode = details.csErrorCode;
    if (details.clockSkewMs !== undefined) this.clockSkewMs = details.clockSkewMs;
  }
}

/**
 * Whether a command was carried out, nobody can say: its answer was lost, or its job was given up by the server while
 * the work may go on. Whoever sent it reads the resource again before anything else.
 */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';

  constructor(
    readonly command: string,
    why: string,
    /** The job that may still be running, where it is known. */
    readonly jobId?: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(`What became of ${command} is not known: ${why}`, options);
  }
}
