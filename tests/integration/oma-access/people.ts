import { IssuedToken, SignedIn, User, type Permission, type Role } from '@ossea/api-contract';
import { ADMIN_PASSWORD, Appliance, callAt, type Answer, type Call } from '../oma-shell/appliance.js';

export const PASSWORD = 'a password of the tests';

/** Signs in as a program does. */
export async function signIn(
  oma: Appliance,
  name = 'admin',
  password = name === 'admin' ? ADMIN_PASSWORD : PASSWORD,
): Promise<string> {
  const { status, body } = await oma.call('access/sign-in', { token: null, body: { name, password } });
  if (status !== 200) throw new Error(`sign-in answered ${status}: ${JSON.stringify(body)}`);
  return SignedIn.parse(body).token ?? '';
}

/** A new user of this role, made by the administrator's session. */
export async function addUser(oma: Appliance, session: string, name: string, role: Role): Promise<User> {
  const body = { name, role, ...(role === 'service' ? {} : { password: PASSWORD }) };
  const answer = await oma.call('admin/users', { token: session, body });
  if (answer.status !== 201)
    throw new Error(`users answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return User.parse(answer.body);
}

export async function issueToken(
  oma: Appliance,
  session: string,
  scopes: readonly Permission[],
  userId?: string,
): Promise<IssuedToken> {
  const body = { name: 'of a test', scopes, ...(userId === undefined ? {} : { userId }) };
  const answer = await oma.call('access/tokens', { token: session, body });
  if (answer.status !== 201)
    throw new Error(`tokens answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return IssuedToken.parse(answer.body);
}

/** A browser with its cookie and its CSRF token. */
export class Browser {
  private constructor(
    private readonly url: string,
    readonly cookie: string,
    readonly attributes: string,
    readonly csrfToken: string,
  ) {}

  static async signIn(oma: Appliance, name = 'admin', password = ADMIN_PASSWORD): Promise<Browser> {
    const { status, headers, body } = await oma.call('access/sign-in', {
      token: null,
      body: { name, password, as: 'cookie' },
    });
    if (status !== 200) throw new Error(`sign-in answered ${status}: ${JSON.stringify(body)}`);
    const [cookie = '', ...attributes] = (headers.get('set-cookie') ?? '').split('; ');
    const { csrfToken = '', token } = SignedIn.parse(body);
    if (token !== undefined) throw new Error('a page was told the secret of its session');
    return new Browser(oma.url, cookie, attributes.join('; '), csrfToken);
  }

  /** Calls as the page does, unless told otherwise. */
  call(path: string, call: Call = {}): Promise<Answer> {
    const headers = { cookie: this.cookie, 'x-ossea-csrf': this.csrfToken, ...call.headers };
    return callAt(this.url, path, { ...call, headers, token: null });
  }
}
