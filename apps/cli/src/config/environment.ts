import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the surroundings say, below what the command line says and above what `ossea login` kept. */
export interface Environment {
  readonly server?: string;
  readonly token?: string;
  readonly caFile?: string;
  /** Where `ossea login` keeps the token. */
  readonly configDir: string;
}

/** The only reader of the environment; an empty variable is as good as none. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const value = (name: string): string | undefined => env[name] || undefined;
  const [server, token, caFile] = [value('OSSEA_SERVER'), value('OSSEA_TOKEN'), value('OSSEA_CA_FILE')];
  return {
    ...(server === undefined ? {} : { server }),
    ...(token === undefined ? {} : { token }),
    ...(caFile === undefined ? {} : { caFile }),
    configDir: join(value('XDG_CONFIG_HOME') ?? join(homedir(), '.config'), 'ossea'),
  };
}
