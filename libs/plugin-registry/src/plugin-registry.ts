import { MigrationError, asMigrationError } from '@ossea/errors';
import type { PluginKind, PluginManifest, SourcePlugin, TargetPlugin } from '@ossea/plugin-sdk';
import { checkPlugin, type AnyPlugin } from './check-plugin.js';

const LOAD_TIMEOUT_MS = 10_000;
/** npm's rule for package names: no path, no URL, nothing relative. */
const PACKAGE_NAME = /^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/;
const MAX_NAME_CHARS = 214;

export interface LoadOptions {
  /** Names of installed packages, never paths or URLs. */
  readonly packages: readonly string[];
  /** How a package is imported; the language's own `import()` unless told. */
  readonly import?: (packageName: string) => Promise<unknown>;
  /** Milliseconds a package may take to load; 10 000 unless told. */
  readonly timeoutMs?: number;
}

/** A package that is not used, and why; the others are. */
export interface PluginFailure {
  readonly packageName: string;
  readonly error: MigrationError;
}

interface PluginOfKind {
  readonly source: SourcePlugin;
  readonly target: TargetPlugin;
}

/** The plugins of an installation, by id and kind. */
export class PluginRegistry {
  private constructor(
    private readonly plugins: ReadonlyMap<string, AnyPlugin>,
    /** Packages that could not be loaded. They do not take the others down. */
    readonly failures: readonly PluginFailure[],
  ) {}

  /**
   * Loads plugins by the names of their packages, all at once. Never throws: what cannot be used is in `failures`
   * with `plugin.unknown` (not installed), `plugin.contract-version` or `plugin.broken-contract`
   * (throws, never resolves, wrong shape, second of its id).
   */
  static async load(options: LoadOptions): Promise<PluginRegistry> {
    const load = options.import ?? ((packageName: string): Promise<unknown> => import(packageName));
    const timeoutMs = options.timeoutMs ?? LOAD_TIMEOUT_MS;
    const names = [...new Set(options.packages)];
    const outcomes = await Promise.all(
      names.map(async (packageName): Promise<AnyPlugin | MigrationError> => {
        try {
          return checkPlugin(packageName, await loadOne(packageName, load, timeoutMs));
        } catch (error) {
          return asMigrationError(error, 'plugin.broken-contract');
        }
      }),
    );
    const plugins = new Map<string, AnyPlugin>();
    const failures: PluginFailure[] = [];
    // in the order of the list, so that it is always the same one of two rivals that is used
    outcomes.forEach((outcome, i) => {
      const packageName = names[i] ?? '';
      if (outcome instanceof Error) {
        failures.push({ packageName, error: outcome });
        return;
      }
      const key = keyOf(outcome.manifest.id, outcome.manifest.kind);
      if (plugins.has(key)) failures.push({ packageName, error: duplicate(packageName, outcome.manifest) });
      else plugins.set(key, outcome);
    });
    return new PluginRegistry(plugins, failures);
  }

  /** Throws `plugin.unknown`. */
  get<Kind extends PluginKind>(id: string, kind: Kind): PluginOfKind[Kind] {
    const plugin = this.plugins.get(keyOf(id, kind));
    if (!plugin) {
      throw new MigrationError('plugin.unknown', `There is no ${kind} plugin "${id.slice(0, 80)}".`, {
        context: { kind },
      });
    }
    return plugin as PluginOfKind[Kind];
  }

  /** Manifests of all plugins that can be used, sorted by kind and id. */
  list(): readonly PluginManifest[] {
    return [...this.plugins.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, plugin]) => plugin.manifest);
  }
}

function keyOf(id: string, kind: PluginKind): string {
  return `${kind}:${id}`;
}

function duplicate(packageName: string, manifest: PluginManifest): MigrationError {
  return new MigrationError(
    'plugin.broken-contract',
    `The package ${packageName} brings a second ${manifest.kind} plugin "${manifest.id}".`,
    { context: { package: packageName } },
  );
}

async function loadOne(
  packageName: string,
  load: (packageName: string) => Promise<unknown>,
  timeoutMs: number,
): Promise<unknown> {
  const context = { package: packageName.slice(0, 80) };
  if (packageName.length > MAX_NAME_CHARS || !PACKAGE_NAME.test(packageName)) {
    throw new MigrationError('plugin.broken-contract', 'A plugin is named by its package, not by a path.', {
      context,
    });
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `The package ${packageName} was not loaded within ${timeoutMs} ms.`;
      reject(new MigrationError('plugin.broken-contract', message, { context }));
    }, timeoutMs);
  });
  try {
    return await Promise.race([load(packageName), late]);
  } catch (error) {
    if (error instanceof MigrationError) throw error;
    const missing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
    // a missing package and a package that misses one of its own look alike but for the name
    const itself = missing && error.message.includes(`'${packageName}'`);
    const why = error instanceof Error ? error.message : String(error);
    throw new MigrationError(
      itself ? 'plugin.unknown' : 'plugin.broken-contract',
      itself
        ? `The package ${packageName} is not installed.`
        : `The package ${packageName} does not load: ${why.slice(0, 500)}`,
      { context, cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
}
