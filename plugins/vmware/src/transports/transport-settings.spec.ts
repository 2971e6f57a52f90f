import { secretPaths, settingsJsonSchema, z } from '@ossea/plugin-sdk';
import { describe, expect, it } from 'vitest';
import { readersSchema } from './transport-settings.js';

const problems = (settings: unknown): string[] =>
  readersSchema.safeParse(settings).error?.issues.map(({ path }) => path.join('.')) ?? [];

describe('the settings of the readers', () => {
  it('have defaults for everything', () => {
    const defaults = { order: ['vddk', 'datastore', 'nbdkit'] };
    expect(z.strictObject({ readers: readersSchema }).parse({})).toEqual({ readers: defaults });
    expect(readersSchema.parse({ vddk: { libdir: '/opt/vddk' } })).toEqual({
      ...defaults,
      vddk: { libdir: '/opt/vddk', plugin: 'vddk', compression: 'skipz', transports: 'nbdssl:nbd' },
    });
  });

  it('refuse what could become an option, a second parameter or another file', () => {
    for (const vddk of [
      { libdir: 'relative' },
      { libdir: '/a', plugin: '--dump-config' },
      { libdir: '/a', plugin: './x.so' },
      { libdir: '/a', compression: 'lzma' },
      { libdir: '/a', transports: 'nbd; x' },
      { libdir: '/a', config: 'x' },
      { libdir: '/a', readBytesMax: 1_000_000 },
      { libdir: '/a', password: 'x' },
    ])
      expect(problems({ vddk })).toHaveLength(1);
    expect(problems({ order: ['vddk', 'vddk'] })).toEqual(['order']);
    expect(problems({ order: [] })).toEqual(['order']);
    expect(problems({ nbdkit: { plugin: 'x', filters: ['-D'] } })).toEqual(['nbdkit.filters.0']);
    expect(problems({ nbdkit: { plugin: 'x', parameters: { a: 'b\nc' } } })).toEqual(['nbdkit.parameters.a']);
    expect(problems({ nbdkit: { plugin: 'x', parameters: { '--run': 'b' } } })).toHaveLength(1);
  });

  it('refuse unknown placeholders, and a password anywhere but in its file', () => {
    const parameters = { a: '{server}', b: '{password}', password: 'hunter2' };
    expect(problems({ nbdkit: { plugin: 'x', parameters } })).toEqual([
      'nbdkit.parameters.b',
      'nbdkit.parameters.password',
    ]);
    expect(problems({ nbdkit: { plugin: 'x', parameters: { password: '+{passwordFile}' } } })).toEqual([]);
  });

  it('can be drawn as a form, and hold no secret', () => {
    expect(secretPaths(readersSchema)).toEqual([]);
    const untitled = (node: unknown, path: string): string[] => {
      const { properties = {}, title } = node as { properties?: Record<string, unknown>; title?: string };
      return [
        ...(title === undefined ? [path] : []),
        ...Object.entries(properties).flatMap(([name, inner]) => untitled(inner, `${path}.${name}`)),
      ];
    };
    expect(untitled(settingsJsonSchema(readersSchema), 'readers')).toEqual([]);
  });
});
