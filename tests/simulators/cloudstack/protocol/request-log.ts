/** One request as it came and was answered. */
export interface LoggedRequest {
  readonly command: string;
  /** Empty when nobody known sent it. */
  account: string;
  readonly method: 'GET' | 'POST';
  /** When it came, in milliseconds since the epoch. */
  readonly at: number;
  /** The HTTP status; 0 while there is none, or when the connection was cut. */
  answered: number;
  /** Names and values, without what is secret. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Parameters that the command does not have: a real server ignores them. */
  unknown: readonly string[];
}

const SECRET = ['apikey', 'signature', 'userapikey', 'password', 'userdata', 'sessionkey'];

/** Every request, also those that were refused. */
export class RequestLog {
  private readonly entries: LoggedRequest[] = [];

  begin(method: 'GET' | 'POST', parameters: ReadonlyMap<string, string>): LoggedRequest {
    const entry: LoggedRequest = {
      command: parameters.get('command') ?? '',
      account: '',
      method,
      at: Date.now(),
      answered: 0,
      parameters: Object.fromEntries(
        [...parameters].filter(([name]) => !SECRET.includes(name.toLowerCase())),
      ),
      unknown: [],
    };
    this.entries.push(entry);
    return entry;
  }

  all(): readonly LoggedRequest[] {
    return this.entries.map((entry) => ({ ...entry }));
  }
}
