import { CONTRACT_VERSION, z, type SourcePlugin, type SourceSession } from '@ossea/plugin-sdk';

/**
 * For specs only: a source plugin whose sessions are what a spec says, to see what its host does with late, deaf and
 * failing ones. Plugins that keep the contract are hosted in tests/integration/vma.
 */
export function scriptedPlugin(
  connect: (settings: { readonly host: string }, signal: AbortSignal) => Promise<SourceSession>,
): SourcePlugin {
  const plugin: SourcePlugin<{ readonly host: string; readonly password?: string | undefined }> = {
    manifest: {
      id: 'scripted',
      kind: 'source',
      displayName: 'Scripted',
      contract: CONTRACT_VERSION,
      capabilities: ['changedBlocks'],
    },
    settings: z.strictObject({ host: z.string(), password: z.string().optional() }),
    connect: (settings, _context, { signal }) => connect(settings, signal),
  };
  return plugin as SourcePlugin;
}

/** A session that is good for nothing but to be opened and closed. */
export function bareSession(more: Partial<SourceSession> = {}): SourceSession {
  const nothing = {} as SourceSession;
  return { ...nothing, can: {}, [Symbol.asyncDispose]: () => Promise.resolve(), ...more };
}
