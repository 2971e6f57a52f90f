/** What the server's own exceptions become on the wire. `hidden`: only a root admin reads the text. */
export const EXCEPTIONS = {
  unauthorized: { status: 401, cserrorcode: undefined, hidden: false },
  /** A role's refusal carries an exception, a bad signature does not. */
  notAvailable: { status: 401, cserrorcode: 9999, hidden: false },
  postRequired: { status: 405, cserrorcode: undefined, hidden: false },
  requestLimit: { status: 429, cserrorcode: 4545, hidden: false },
  malformed: { status: 430, cserrorcode: 9999, hidden: false },
  parameter: { status: 431, cserrorcode: 9999, hidden: false },
  invalidValue: { status: 431, cserrorcode: 4350, hidden: false },
  unsupported: { status: 432, cserrorcode: 9999, hidden: false },
  unavailable: { status: 503, cserrorcode: 9999, hidden: false },
  runtime: { status: 530, cserrorcode: 4250, hidden: true },
  concurrent: { status: 530, cserrorcode: 4300, hidden: true },
  permission: { status: 531, cserrorcode: 4365, hidden: false },
  accountLimit: { status: 532, cserrorcode: 9999, hidden: false },
  capacity: { status: 533, cserrorcode: 4325, hidden: true },
  resourceUnavailable: { status: 534, cserrorcode: 4380, hidden: true },
  allocation: { status: 535, cserrorcode: 4370, hidden: false },
} as const;

export type ExceptionKind = keyof typeof EXCEPTIONS;

export const HIDDEN_TEXT = 'Internal error executing command, please contact your system administrator';
export const UNVERIFIED_TEXT = 'unable to verify user credentials and/or request signature';

/** A refusal of the server. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly kind: ExceptionKind,
    text: string,
  ) {
    super(text);
  }

  get status(): number {
    return EXCEPTIONS[this.kind].status;
  }
}

/** How a refusal is answered at once; a job that fails keeps its text for everybody. */
export function errorBody(error: ApiError, reader: { readonly isRootAdmin: boolean }) {
  const { status, cserrorcode, hidden } = EXCEPTIONS[error.kind];
  return {
    uuidList: [],
    errorcode: status,
    ...(cserrorcode === undefined ? {} : { cserrorcode }),
    errortext: hidden && !reader.isRootAdmin ? HIDDEN_TEXT : error.message,
  };
}

export const invalid = (text: string): ApiError => new ApiError('invalidValue', text);
export const runtime = (text: string): ApiError => new ApiError('runtime', text);
