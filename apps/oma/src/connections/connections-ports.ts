import type { CallOptions, SourceSession } from '@ossea/plugin-sdk';

/*
 * What the connections' room needs of its neighbours. composition.ts provides each token; nothing here knows who does.
 */

/** Source sessions that live on a VMA. */
export interface SourceGateway {
  open(
    request: {
      readonly vmaId: string;
      /** Names the session on the VMA: the connection's id. */
      readonly session: string;
      readonly pluginId: string;
      /** Secrets included: they travel inside the tunnel. */
      readonly settings: Record<string, unknown>;
    },
    call: CallOptions,
  ): Promise<SourceSession>;
}
export const REMOTE_SOURCES = Symbol('RemoteSources');

/** Whether a VMA is trusted. */
export interface TrustedVmas {
  /** Throws `config.missing` or `request.not-found` unless the VMA is approved. */
  mustBeApproved(vmaId: string): Promise<void>;
}
export const TRUSTED_VMAS = Symbol('TrustedVmas');

/** Token of the directory that holds the scratch directories of local plugins. */
export const PLUGIN_SCRATCH_DIR = Symbol('PluginScratchDir');
