/** What goes wrong with a command; the first fault that fits a request counts. */
export type CloudstackFault = {
  readonly command: string;
  /** How often; once unless told. */
  readonly times?: number;
  /** How many requests go well before. */
  readonly after?: number;
} & (
  | {
      /** The effect happens, and the connection is cut without an answer. */
      readonly kind: 'answer-lost';
    }
  | {
      /** The request is carried out twice, as when a proxy tries again; the second answer is given. */
      readonly kind: 'answer-doubled';
    }
  | JobFault
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly text?: string;
      readonly cserrorcode?: number;
    }
  | {
      /** A proxy answers. */
      readonly kind: 'html';
      readonly status: number;
    }
  | {
      /** The request waits before it is carried out. */
      readonly kind: 'slow';
      readonly delayMs: number;
    }
);

export type JobFault =
  | {
      readonly kind: 'job-fails-after-effect' | 'job-fails';
      readonly code?: number;
      readonly text?: string;
    }
  | {
      readonly kind: 'job-never-ends';
      /** Whether its work is done all the same; true unless told. */
      readonly effect?: boolean;
    }
  | {
      /**
       * The job of detachVolume fails because the guest took too long, and the guest lets go later. Whoever attached
       * the volume again meanwhile finds it detached in the data base then, and only there.
       */
      readonly kind: 'late-detach';
      readonly delayMs: number;
    };

const JOB_FAULTS = ['job-fails', 'job-fails-after-effect', 'job-never-ends', 'late-detach'];

export const isJobFault = (fault: CloudstackFault): fault is CloudstackFault & JobFault =>
  JOB_FAULTS.includes(fault.kind);

/** The texts of errors that were given a status alone. */
export const ERROR_TEXTS: Readonly<Record<number, string>> = {
  429: 'The given user has reached his/her account api limit, please retry after [1000] ms.',
  503: 'Maintenance or Shutdown has been initiated on this management server. Can not accept new jobs',
};

/** The faults that are still to come. */
export class FaultBook {
  private waiting: { readonly fault: CloudstackFault; skip: number; left: number }[] = [];

  add(fault: CloudstackFault): void {
    this.waiting.push({ fault, skip: fault.after ?? 0, left: fault.times ?? 1 });
  }

  clear(): void {
    this.waiting = [];
  }

  /** The fault of a request that has just come. */
  take(command: string): CloudstackFault | undefined {
    const found = this.waiting.find(({ fault, left }) => fault.command === command && left > 0);
    if (!found) return undefined;
    if (found.skip > 0) {
      found.skip -= 1;
      return undefined;
    }
    found.left -= 1;
    return found.fault;
  }
}
