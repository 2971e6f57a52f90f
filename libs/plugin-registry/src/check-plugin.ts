import { MigrationError } from '@ossea/errors';
import {
  CONTRACT_VERSION,
  type PluginManifest,
  type SourcePlugin,
  type TargetPlugin,
} from '@ossea/plugin-sdk';
import { z } from 'zod';

export type AnyPlugin = SourcePlugin | TargetPlugin;

const ID = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const FORBIDDEN_NAMES = new Set(['__proto__', 'prototype', 'constructor']);
/** A manifest is a few lines; one of megabytes is a mistake or an attack. */
const MAX_MANIFEST_CHARS = 16_384;

const manifestSchema = z.strictObject({
  id: z
    .string()
    .max(64)
    .regex(ID, 'kebab-case is expected')
    .refine((id) => !FORBIDDEN_NAMES.has(id), 'not a usable id'),
  kind: z.enum(['source', 'target']),
  displayName: z.string().min(1).max(100),
  contract: z.number(),
  capabilities: z
    .array(
      z
        .string()
        .regex(/^[a-zA-Z][a-zA-Z0-9]*$/)
        .max(64),
    )
    .max(64)
    .refine((names) => new Set(names).size === names.length, 'each capability once')
    .refine((names) => !names.some((name) => FORBIDDEN_NAMES.has(name)), 'not a usable capability'),
  files: z
    .array(
      z.strictObject({
        id: z.string().max(40).regex(ID, 'kebab-case is expected'),
        title: z.string().min(1).max(100),
        description: z.string().min(1).max(1_000),
      }),
    )
    .max(16)
    .refine((files) => new Set(files.map(({ id }) => id)).size === files.length, 'each file once')
    .optional(),
});

function broken(packageName: string, why: string, cause?: unknown): MigrationError {
  return new MigrationError(
    'plugin.broken-contract',
    `The package ${packageName} is no usable plugin: ${why}.`,
    {
      context: { package: packageName },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A schema of any zod: recognised by what is used of it, because a plugin may carry its own copy. */
function isSchema(value: unknown): boolean {
  return isObject(value) && typeof value.safeParse === 'function';
}

/**
 * Checks what a plugin package exports (as `default` or as `plugin`) and gives the plugin, with a frozen copy of
 * its manifest, so that it cannot say something else later.
 * Throws `plugin.contract-version` for another contract, `plugin.broken-contract` for anything else that is wrong.
 */
export function checkPlugin(packageName: string, exported: unknown): AnyPlugin {
  const candidate = isObject(exported) ? (exported.default ?? exported.plugin) : undefined;
  if (!isObject(candidate)) throw broken(packageName, 'it exports neither `default` nor `plugin`');
  const manifest = checkManifest(packageName, candidate.manifest);
  const missing = [
    isSchema(candidate.settings) ? [] : ['settings'],
    typeof candidate.connect === 'function' ? [] : ['connect'],
    manifest.kind === 'source' || isSchema(candidate.placement) ? [] : ['placement'],
  ].flat();
  if (missing.length > 0) throw broken(packageName, `${missing.join(', ')} is missing`);
  // methods keep their `this`: the plugin itself stays behind the checked manifest
  return Object.create(candidate, { manifest: { value: manifest, enumerable: true } }) as AnyPlugin;
}

function checkManifest(packageName: string, given: unknown): PluginManifest {
  let text: string | undefined;
  try {
    text = JSON.stringify(given);
  } catch (error) {
    throw broken(packageName, 'its manifest is not JSON', error);
  }
  if (text === undefined || text.length > MAX_MANIFEST_CHARS) {
    throw broken(packageName, 'its manifest is missing or absurdly long');
  }
  const plain: unknown = JSON.parse(text);
  if (isObject(plain) && Object.hasOwn(plain, '__proto__')) {
    throw broken(packageName, 'its manifest carries a prototype');
  }
  if (isObject(plain) && 'contract' in plain && plain.contract !== CONTRACT_VERSION) {
    throw new MigrationError(
      'plugin.contract-version',
      `The package ${packageName} is written for contract ${String(plain.contract)}, this appliance speaks ${CONTRACT_VERSION}.`,
      { context: { package: packageName } },
    );
  }
  const parsed = manifestSchema.safeParse(plain);
  if (!parsed.success) {
    const why = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'manifest'}: ${issue.message}`);
    throw broken(packageName, `its manifest is wrong (${why.slice(0, 5).join('; ')})`);
  }
  if (!sameJson(given, plain)) throw broken(packageName, 'its manifest is not plain JSON');
  const { capabilities, files, ...rest } = parsed.data;
  return Object.freeze({
    ...rest,
    capabilities: Object.freeze(capabilities),
    ...(files ? { files: Object.freeze(files.map((file) => Object.freeze(file))) } : {}),
  });
}

/** Whether a value is what its JSON says: no getters with moods, no classes, no undefined. */
function sameJson(given: unknown, plain: unknown): boolean {
  if (!isObject(given) || !isObject(plain)) return Object.is(given, plain);
  if (Array.isArray(given)) {
    return (
      Array.isArray(plain) && given.length === plain.length && given.every((v, i) => sameJson(v, plain[i]))
    );
  }
  const prototype: unknown = Object.getPrototypeOf(given);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const names = Object.keys(given);
  return (
    names.length === Object.keys(plain).length && names.every((name) => sameJson(given[name], plain[name]))
  );
}
