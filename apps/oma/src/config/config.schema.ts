import { z } from 'zod';

const Path = z.string().min(1).max(4096);
const Port = z.int().min(0).max(65_535);
const PackageName = z.string().regex(/^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/, 'a package name');

const SqliteDatabase = z.strictObject({
  engine: z.literal('sqlite'),
  /** `oma.sqlite` in the state directory unless told. */
  file: Path.optional(),
});

const MariaDatabase = z
  .strictObject({
    engine: z.literal('mariadb'),
    socketPath: Path.optional(),
    host: z.string().min(1).optional(),
    port: Port.optional(),
    username: z.string().min(1),
    password: z.string().min(1).optional(),
    database: z.string().min(1).default('ossea'),
  })
  .refine(({ socketPath, host }) => (socketPath === undefined) !== (host === undefined), {
    path: ['socketPath'],
    message: 'expected either database.socketPath or database.host',
  });

/** The one description of the OMA's configuration: file, environment and tests all pass it. */
export const configSchema = z.strictObject({
  /** Keys, tokens, the embedded database, plugin scratch space; mode 0700, one process only. */
  stateDir: Path,
  http: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      /** 0 takes any free port. */
      port: Port.default(3001),
      /** Of one session or token; what comes beyond is answered 429. */
      requestsPerMinute: z.int().min(10).max(1_000_000).default(600),
    })
    .prefault({}),
  tls: z
    .strictObject({
      /** `auto`: TLS unless `http.host` is the loopback. Without files a certificate is made at the first start. */
      mode: z.enum(['auto', 'on', 'off']).default('on'),
      certFile: Path.optional(),
      keyFile: Path.optional(),
    })
    .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
      path: ['keyFile'],
      message: 'expected tls.certFile and tls.keyFile together',
    })
    .prefault({}),
  tunnel: z
    .strictObject({
      host: z.string().min(1).default('0.0.0.0'),
      port: Port.default(443),
      /** Of the first VMA's agent API on the loopback; the next ones get the following numbers. */
      firstAgentPort: Port.default(9081),
      /** Who speaks SSH: the appliance itself, or the system's OpenSSH, for which it must run as root. */
      transport: z.enum(['ssh2', 'openssh']).default('ssh2'),
      /** With openssh, of the first VMA's NBD on the loopback; the next ones get the following numbers. */
      firstNbdPort: Port.default(30_000),
      /** With openssh, where its configuration and keys lie: root's, as every directory above it. */
      opensshDir: Path.default('/run/ossea-tunnel'),
      /** How often the way to each VMA's agent is tried; more often while a copy runs. */
      probeSeconds: z.int().min(1).max(3_600).default(60),
      copyProbeSeconds: z.int().min(1).max(3_600).default(15),
      /** A key of a VMA ends after so many days, whoever forgot it; a connected VMA gets another one after so many. */
      keyDays: z.int().min(1).max(3_650).default(90),
      rotateKeyDays: z.int().min(1).max(3_650).default(30),
      /** Pairing codes that may be tried within a minute: from one network, and in all. */
      enrolmentsPerMinute: z.int().min(1).max(10_000).default(10),
      enrolmentsInAllPerMinute: z.int().min(1).max(10_000).default(60),
    })
    .refine(
      ({ transport, firstAgentPort, firstNbdPort }) =>
        transport === 'ssh2' || (firstAgentPort > 0 && firstNbdPort > 0),
      {
        path: ['transport'],
        message: 'expected tunnel.firstAgentPort and tunnel.firstNbdPort other than 0 for openssh',
      },
    )
    .refine(({ keyDays, rotateKeyDays }) => rotateKeyDays < keyDays, {
      path: ['rotateKeyDays'],
      message: 'expected less than tunnel.keyDays',
    })
    .prefault({}),
  database: z.discriminatedUnion('engine', [SqliteDatabase, MariaDatabase]).default({ engine: 'sqlite' }),
  plugins: z
    .strictObject({
      packages: z
        .array(PackageName)
        .max(64)
        .default([
          '@ossea/plugin-qemu-target',
          '@ossea/plugin-qemu-source',
          '@ossea/plugin-vmware',
          '@ossea/plugin-cloudstack',
        ]),
    })
    .prefault({}),
  access: z
    .strictObject({
      /** A session ends after so many hours, whatever is done in it. */
      sessionHours: z.int().min(1).max(24).default(12),
      /** A browser's session ends after so many minutes without a request. */
      idleMinutes: z.int().min(1).max(1_440).default(30),
      /** For so many minutes the password need not be given again for what needs it. */
      recentMinutes: z.int().min(1).max(60).default(10),
    })
    .prefault({}),
  failover: z
    .strictObject({
      /** How long a machine whose console cannot be read must run without a break until it counts as up. */
      settleSeconds: z.int().min(1).max(3_600).default(30),
    })
    .prefault({}),
  /** The built console; nothing is served where it is missing. */
  consoleDir: Path.optional(),
  /** Deltas; `spool` in the state directory unless told. */
  spoolDir: Path.optional(),
  /** Unix sockets of the storage daemons; `run` in the state directory unless told. */
  runDir: Path.optional(),
  /** The key that seals stored secrets; made at the first start, never in the database. `kek` in the state directory unless told. */
  kekFile: Path.optional(),
  /** The same as a systemd credential, taken where no `kekFile` is named: only the operator changes it. */
  kekCredential: Path.optional(),
  audit: z
    .strictObject({
      /** Gets a signed line about the audit log every five minutes; the state directory unless told. */
      anchorDir: Path.optional(),
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info') })
    .prefault({}),
});

export type OmaConfigInput = z.input<typeof configSchema>;
export type OmaConfig = z.output<typeof configSchema>;

/** Environment variable → setting; each also exists with `_FILE`, which names a file that holds the value. */
export const ENVIRONMENT: Readonly<Record<string, { path: string; as?: 'number' | 'list' }>> = {
  OSSEA_STATE_DIR: { path: 'stateDir' },
  OSSEA_HTTP_HOST: { path: 'http.host' },
  OSSEA_HTTP_PORT: { path: 'http.port', as: 'number' },
  OSSEA_HTTP_REQUESTS_PER_MINUTE: { path: 'http.requestsPerMinute', as: 'number' },
  OSSEA_TLS_MODE: { path: 'tls.mode' },
  OSSEA_TLS_CERT: { path: 'tls.certFile' },
  OSSEA_TLS_KEY: { path: 'tls.keyFile' },
  OSSEA_TUNNEL_HOST: { path: 'tunnel.host' },
  OSSEA_TUNNEL_PORT: { path: 'tunnel.port', as: 'number' },
  OSSEA_TUNNEL_FIRST_AGENT_PORT: { path: 'tunnel.firstAgentPort', as: 'number' },
  OSSEA_TUNNEL_TRANSPORT: { path: 'tunnel.transport' },
  OSSEA_TUNNEL_FIRST_NBD_PORT: { path: 'tunnel.firstNbdPort', as: 'number' },
  OSSEA_TUNNEL_OPENSSH_DIR: { path: 'tunnel.opensshDir' },
  OSSEA_TUNNEL_PROBE_SECONDS: { path: 'tunnel.probeSeconds', as: 'number' },
  OSSEA_TUNNEL_COPY_PROBE_SECONDS: { path: 'tunnel.copyProbeSeconds', as: 'number' },
  OSSEA_TUNNEL_KEY_DAYS: { path: 'tunnel.keyDays', as: 'number' },
  OSSEA_TUNNEL_ROTATE_KEY_DAYS: { path: 'tunnel.rotateKeyDays', as: 'number' },
  OSSEA_TUNNEL_ENROLMENTS_PER_MINUTE: { path: 'tunnel.enrolmentsPerMinute', as: 'number' },
  OSSEA_TUNNEL_ENROLMENTS_IN_ALL_PER_MINUTE: { path: 'tunnel.enrolmentsInAllPerMinute', as: 'number' },
  OSSEA_DATABASE_ENGINE: { path: 'database.engine' },
  OSSEA_DATABASE_PATH: { path: 'database.file' },
  OSSEA_DATABASE_SOCKET_PATH: { path: 'database.socketPath' },
  OSSEA_DATABASE_HOST: { path: 'database.host' },
  OSSEA_DATABASE_PORT: { path: 'database.port', as: 'number' },
  OSSEA_DATABASE_USERNAME: { path: 'database.username' },
  OSSEA_DATABASE_PASSWORD: { path: 'database.password' },
  OSSEA_DATABASE_NAME: { path: 'database.database' },
  OSSEA_PLUGIN_PACKAGES: { path: 'plugins.packages', as: 'list' },
  OSSEA_ACCESS_SESSION_HOURS: { path: 'access.sessionHours', as: 'number' },
  OSSEA_ACCESS_IDLE_MINUTES: { path: 'access.idleMinutes', as: 'number' },
  OSSEA_ACCESS_RECENT_MINUTES: { path: 'access.recentMinutes', as: 'number' },
  OSSEA_FAILOVER_SETTLE_SECONDS: { path: 'failover.settleSeconds', as: 'number' },
  OSSEA_CONSOLE_DIR: { path: 'consoleDir' },
  OSSEA_SPOOL_DIR: { path: 'spoolDir' },
  OSSEA_RUN_DIR: { path: 'runDir' },
  OSSEA_KEK_PATH: { path: 'kekFile' },
  OSSEA_AUDIT_ANCHOR_DIR: { path: 'audit.anchorDir' },
  OSSEA_LOG_LEVEL: { path: 'log.level' },
};
