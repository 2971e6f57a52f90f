import { Injectable } from '@nestjs/common';
import { SECRET_MASK, type PluginKind } from '@ossea/api-contract';
import { PluginRegistry } from '@ossea/plugin-registry';
import { secretPaths, type z } from '@ossea/plugin-sdk';
import { InvalidFields, fieldErrors, type FieldError } from '../http/request-validation.js';
import { SecretBox } from '../secrets/secret-box.js';
import { placeOf } from '../secrets/sealed-columns.js';
import { lookAt, putAt, takeAt, type Tree } from './settings-tree.js';

/** Settings as they are stored: everything but the secrets, and the sealed secrets by their dotted path. */
export interface StoredSettings {
  readonly settings: Tree;
  readonly secrets: Record<string, string>;
}

/** A connection as far as its settings go. */
export interface Configured extends StoredSettings {
  readonly id: string;
  readonly kind: PluginKind;
  readonly pluginId: string;
}

/** The settings of connections: checked by their plugin's schema, with their secrets sealed, opened or masked. */
@Injectable()
export class ConnectionSettings {
  constructor(
    private readonly registry: PluginRegistry,
    private readonly box: SecretBox,
  ) {}

  /** Runs an operation that seals settings and stores them: no key is destroyed in between. */
  sealing<T>(run: () => Promise<T>): Promise<T> {
    return this.box.sealing(run);
  }

  /**
   * Settings as a client sends them, as they are to be stored. Where a mask was sent, the secret of `stored` stays;
   * so does the seal of a secret that is the same as before. Call it within `sealing`.
   * Throws `plugin.unknown`, and `config.invalid` that names each wrong field, never a value.
   * @param schema of a part of the settings, where not all are known yet.
   */
  sealed(
    { id, kind, pluginId }: Omit<Configured, 'settings' | 'secrets'>,
    sent: Tree,
    stored?: StoredSettings,
    schema: z.ZodType = this.registry.get(pluginId, kind).settings,
  ) {
    const before = stored ? this.secretsOf(id, stored) : {};
    const settings = parseSettings(schema, unmask(schema, sent, before));
    const secrets: Record<string, string> = {};
    for (const path of secretPaths(schema)) {
      const value = takeAt(settings, path);
      if (value === undefined) continue;
      const text = JSON.stringify(value);
      const known = JSON.stringify(before[path]) === text ? stored?.secrets[path] : undefined;
      secrets[path] = known ? this.box.kept(known) : this.box.seal(text, placeOf(id, path));
    }
    return { settings, secrets };
  }

  /** The whole settings, secrets opened: for a session, never for an answer. */
  opened(row: Configured): { readonly settings: Tree; readonly secrets: readonly string[] } {
    const settings = structuredClone(row.settings);
    const opened = this.secretsOf(row.id, row);
    for (const [path, value] of Object.entries(opened)) putAt(settings, path, value);
    return { settings, secrets: Object.values(opened).flatMap(texts) };
  }

  /** The settings for people: a mask stands where a secret is. */
  masked(row: Configured): Tree {
    const settings = structuredClone(row.settings);
    for (const path of Object.keys(row.secrets)) putAt(settings, path, SECRET_MASK);
    // what became a secret with a later release of the plugin
    for (const path of this.presentSecretPaths(row))
      if (lookAt(settings, path) !== undefined) putAt(settings, path, SECRET_MASK);
    return settings;
  }

  private presentSecretPaths({ kind, pluginId }: Configured): string[] {
    const isInstalled = this.registry.list().some((one) => one.kind === kind && one.id === pluginId);
    return isInstalled ? secretPaths(this.registry.get(pluginId, kind).settings) : [];
  }

  private secretsOf(id: string, { secrets }: StoredSettings): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(secrets).map(([path, sealed]): [string, unknown] => [
        path,
        JSON.parse(this.box.open(sealed, placeOf(id, path))),
      ]),
    );
  }
}

/**
 * Checks settings by the plugin's own schema.
 * Throws `config.invalid` that names each wrong field and what was expected, never a value.
 * @param at the JSON pointer of the settings in what was sent.
 */
export function parseSettings(schema: z.ZodType, input: unknown, at = '/settings'): Tree {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data as Tree;
  const secrets = secretPaths(schema).flatMap((path) => texts(lookAt(input, path)));
  throw invalid(
    fieldErrors(parsed.error.issues, at).map(({ pointer, message }) => ({
      pointer,
      // a plugin words its own rules, and may quote what it was given
      message: secrets.some((secret) => message.includes(secret)) ? 'This value is not accepted.' : message,
    })),
  );
}

/** The settings that were sent, with masks replaced by the secrets they stand for. */
function unmask(schema: z.ZodType, sent: Tree, before: Readonly<Record<string, unknown>>): Tree {
  const settings = structuredClone(sent);
  const masked = secretPaths(schema).filter((path) => lookAt(settings, path) === SECRET_MASK);
  const unknown = masked.filter((path) => before[path] === undefined);
  if (unknown.length > 0)
    throw invalid(
      unknown.map((path) => ({
        pointer: `/settings/${path.replaceAll('.', '/')}`,
        message: 'A mask keeps a stored secret, and none is stored here: enter it.',
      })),
    );
  for (const path of masked) putAt(settings, path, before[path]);
  return settings;
}

function invalid(errors: readonly FieldError[]): InvalidFields {
  const names = errors.map(({ pointer }) => pointer).join(', ');
  return new InvalidFields('config.invalid', `These settings do not fit the plugin: ${names}.`, errors);
}

/** Every text in a secret: most are one. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(texts);
  return [];
}
