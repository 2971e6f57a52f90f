import type { PrivateMariaDb } from './mariadb.js';

/** The configuration of an OMA of tests, as its environment. */
export function omaEnvironment(settings: {
  readonly stateDir: string;
  readonly http: number;
  readonly tunnel: number;
  /** SQLite unless told. */
  readonly mariaDb?: PrivateMariaDb['login'];
}): Record<string, string> {
  const { stateDir, http, tunnel, mariaDb } = settings;
  return {
    OSSEA_STATE_DIR: stateDir,
    OSSEA_HTTP_PORT: String(http),
    // on the loopback, by programs of ours
    OSSEA_TLS_MODE: 'off',
    // a test asks far more often than people do
    OSSEA_HTTP_REQUESTS_PER_MINUTE: '100000',
    OSSEA_TUNNEL_HOST: '127.0.0.1',
    OSSEA_TUNNEL_PORT: String(tunnel),
    OSSEA_TUNNEL_FIRST_AGENT_PORT: '0',
    ...(mariaDb
      ? {
          OSSEA_DATABASE_ENGINE: 'mariadb',
          OSSEA_DATABASE_SOCKET_PATH: mariaDb.socketPath,
          OSSEA_DATABASE_USERNAME: mariaDb.username,
          OSSEA_DATABASE_NAME: mariaDb.database,
        }
      : {}),
  };
}
