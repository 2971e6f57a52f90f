import { z } from 'zod';

const Path = z.string().min(1).max(4096);
const Port = z.int().min(0).max(65_535);
const PackageName = z.string().regex(/^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/, 'a package name');

/** The one description of the VMA's configuration: file, environment and tests all pass it. */
export const configSchema = z.strictObject({
  /** Keys, enrolment and journals; mode 0700, one process only. */
  stateDir: Path,
  /** Unix sockets; `run` in the state directory unless told. A short path. */
  runDir: Path.optional(),
  oma: z.strictObject({
    host: z.string().min(1).max(253),
    port: Port.default(443),
  }),
  /** The agent's API on the loopback, beside the Unix socket that the tunnel uses; 0 takes any free port. */
  api: z.strictObject({ port: Port.default(8081) }).prefault({}),
  /** The OMA's NBD on the loopback, for other NBD clients; absent: only the Unix socket. */
  nbd: z.strictObject({ port: Port.optional() }).prefault({}),
  tunnel: z
    .strictObject({
      /** SSH connections; one is one core's cipher. */
      connections: z.int().min(1).max(16).default(1),
      /** Who speaks SSH: the VMA itself, or the system's ssh. Either speaks with either kind of OMA. */
      client: z.enum(['ssh2', 'openssh']).default('ssh2'),
      /** How often the way to the OMA's storage daemon is tried; more often while a copy runs. */
      probeSeconds: z.int().min(1).max(3_600).default(60),
      copyProbeSeconds: z.int().min(1).max(3_600).default(15),
    })
    .refine(({ client, connections }) => client === 'ssh2' || connections === 1, {
      path: ['connections'],
      message: 'expected 1 with tunnel.client openssh',
    })
    .prefault({}),
  /** The page in a browser by which a VMA that is nobody's is enrolled; closed once it is approved. */
  firstBoot: z
    .strictObject({
      mode: z.enum(['on', 'off']).default('off'),
      /** It speaks plain HTTP: another address than the loopback is for a network that is yours alone. */
      host: z.string().min(1).max(253).default('127.0.0.1'),
      /** 0 takes any free port. */
      port: Port.default(8080),
    })
    .prefault({}),
  enrolment: z
    .strictObject({
      /** How often the OMA is asked whether it has approved this VMA; more rarely the longer it takes. */
      askEveryMs: z.int().min(100).max(60_000).default(2_000),
      askAtMostEveryMs: z.int().min(100).max(600_000).default(30_000),
    })
    .prefault({}),
  copying: z
    .strictObject({
      /** Copies that run at once; further ones wait. */
      atOnce: z.int().min(1).max(256).default(16),
      engine: z.enum(['auto', 'native', 'reference']).default('auto'),
    })
    .prefault({}),
  plugins: z
    .strictObject({
      packages: z.array(PackageName).max(64).default(['@ossea/plugin-qemu-source', '@ossea/plugin-vmware']),
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info') })
    .prefault({}),
});

export type VmaConfigInput = z.input<typeof configSchema>;
export type VmaConfig = z.output<typeof configSchema>;

/** Environment variable → setting; each also exists with `_FILE`, which names a file that holds the value. */
export const ENVIRONMENT: Readonly<Record<string, { path: string; as?: 'number' | 'list' }>> = {
  OSSEA_VMA_STATE_DIR: { path: 'stateDir' },
  OSSEA_VMA_RUN_DIR: { path: 'runDir' },
  OSSEA_VMA_OMA_HOST: { path: 'oma.host' },
  OSSEA_VMA_OMA_PORT: { path: 'oma.port', as: 'number' },
  OSSEA_VMA_API_PORT: { path: 'api.port', as: 'number' },
  OSSEA_VMA_NBD_PORT: { path: 'nbd.port', as: 'number' },
  OSSEA_VMA_TUNNEL_CONNECTIONS: { path: 'tunnel.connections', as: 'number' },
  OSSEA_VMA_TUNNEL_CLIENT: { path: 'tunnel.client' },
  OSSEA_VMA_TUNNEL_PROBE_SECONDS: { path: 'tunnel.probeSeconds', as: 'number' },
  OSSEA_VMA_TUNNEL_COPY_PROBE_SECONDS: { path: 'tunnel.copyProbeSeconds', as: 'number' },
  OSSEA_VMA_FIRST_BOOT: { path: 'firstBoot.mode' },
  OSSEA_VMA_FIRST_BOOT_HOST: { path: 'firstBoot.host' },
  OSSEA_VMA_FIRST_BOOT_PORT: { path: 'firstBoot.port', as: 'number' },
  OSSEA_VMA_ENGINE: { path: 'copying.engine' },
  OSSEA_VMA_PLUGIN_PACKAGES: { path: 'plugins.packages', as: 'list' },
  OSSEA_VMA_LOG_LEVEL: { path: 'log.level' },
};
