import { MigrationError, asMigrationError, isMigrationError, type ErrorCode } from '@ossea/errors';
import { ApiFault, OutcomeUnknown } from './client/index.js';

/** More than this, and requests are refused: they are valid for ten minutes, and for fifteen at most. */
const MAX_SKEW_MS = 5 * 60_000;

/**
 * What the server's codes mean (CloudStack ApiErrorCode); a code that is not named is `peer.fault`. Where `byText` is
 * set, the words are asked first: one code stands for whatever is wrong with a parameter or a state.
 */
const BY_CODE: Readonly<Record<number, { readonly code: ErrorCode; readonly byText?: true }>> = {
  401: { code: 'auth.rejected', byText: true },
  405: { code: 'peer.fault', byText: true },
  411: { code: 'auth.rejected' },
  429: { code: 'peer.throttled' },
  430: { code: 'peer.fault', byText: true },
  431: { code: 'peer.fault', byText: true },
  432: { code: 'peer.fault', byText: true },
  503: { code: 'peer.unreachable' },
  530: { code: 'peer.fault' },
  531: { code: 'peer.forbidden' },
  532: { code: 'quota.exhausted' },
  533: { code: 'capacity.exhausted' },
  534: { code: 'resource.busy' },
  535: { code: 'quota.exhausted' },
  536: { code: 'resource.busy' },
  537: { code: 'resource.conflict' },
};

/** Words of the server, most of them of 431; the first that fits. Read in its source, and not seen at a server. */
const BY_TEXT: readonly (readonly [RegExp, ErrorCode])[] = [
  // of 401 and 432: "The given command 'X' either does not exist, is not available for user."
  [/is not available for (the )?user/i, 'peer.forbidden'],
  [/does not have (the )?(permission|access)|unable to use|not authorized/i, 'peer.forbidden'],
  [/try again later|active snapshot tasks|other active|in progress|is being|concurrent/i, 'resource.busy'],
  [/already attached|specify a volume that is not attached/i, 'volume.in-use'],
  [/maximum number of data disks/i, 'volume.no-slot'],
  [/resource limit|limit .*(exceed|reach)|exceed.* limit/i, 'quota.exhausted'],
  [/already exists|already in use|already has|must be unique/i, 'resource.conflict'],
  [
    /does not exist|doesn't exist|(unable|failed) to find|(could not|couldn't|can ?not|can't) find|not found/i,
    'resource.not-found',
  ],
];

/** What to add to the words of CloudStack where they do not say enough. */
const MORE: Readonly<Record<number, string>> = {
  401: 'The keys are wrong, were replaced, or their user is disabled; a command that this release does not have is refused in the same words.',
  405: 'The server wants this command by POST.',
  411: 'The user has to give a second factor: use the keys of one who has not.',
};

/** The one place where anything that goes wrong below this plugin becomes a `MigrationError`. */
export function faultToError(fault: unknown): MigrationError {
  if (isMigrationError(fault)) return fault;
  if (fault instanceof OutcomeUnknown)
    return new MigrationError('outcome.unknown', fault.message, {
      cause: fault,
      context: { command: fault.command, ...(fault.jobId === undefined ? {} : { jobId: fault.jobId }) },
    });
  if (!(fault instanceof ApiFault)) return asMigrationError(fault);
  const code = codeOf(fault);
  const { command, errorCode, csErrorCode, inJob } = fault;
  const words = [
    endOf(fault.text) || `CloudStack has refused ${command} with error ${errorCode}.`,
    code === 'peer.forbidden' ? `The role of the account must allow ${command}.` : undefined,
    code === 'auth.rejected' ? (skewOf(fault) ?? MORE[errorCode]) : undefined,
    code === 'peer.fault' ? MORE[errorCode] : undefined,
  ];
  return new MigrationError(code, words.filter(Boolean).join(' '), {
    cause: fault,
    context: {
      command,
      errorCode,
      ...(csErrorCode === undefined ? {} : { csErrorCode }),
      ...(inJob ? { inJob } : {}),
    },
  });
}

function codeOf({ errorCode, text }: ApiFault): ErrorCode {
  const { code, byText } = BY_CODE[errorCode] ?? { code: 'peer.fault' as const };
  const said = byText ? BY_TEXT.find(([words]) => words.test(text))?.[1] : undefined;
  if (said === undefined) return code;
  // a login is refused in words that mean nothing else
  return errorCode === 401 && said !== 'peer.forbidden' ? code : said;
}

/** What the server says of what it does not have any more, be it by words or by code. */
export function isNotFound(fault: unknown): boolean {
  return faultToError(fault).code === 'resource.not-found';
}

/** Whether a role or an account may not do this; lists of administrators are asked for all the same. */
export function isForbidden(fault: unknown): boolean {
  return faultToError(fault).code === 'peer.forbidden';
}

function skewOf({ clockSkewMs }: ApiFault): string | undefined {
  if (clockSkewMs === undefined || Math.abs(clockSkewMs) <= MAX_SKEW_MS) return undefined;
  return `The clock of this appliance is ${describeSkew(clockSkewMs)} the server's: requests are refused for that alone. Have both set their clocks by NTP.`;
}

/** @param ms by which we are ahead. */
export function describeSkew(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  const much = minutes >= 2 ? `${minutes} minutes` : `${Math.round(Math.abs(ms) / 1000)} s`;
  return `${much} ${ms > 0 ? 'ahead of' : 'behind'}`;
}

function endOf(text: string): string {
  const trimmed = text.trim();
  return trimmed === '' || /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
