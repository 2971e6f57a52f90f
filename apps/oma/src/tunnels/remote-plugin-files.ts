import { Injectable } from '@nestjs/common';
import { PluginFileStates, ReceivedPiece, agentPaths } from '@ossea/agent-protocol';
import type { PluginFileList, SendPiece } from '@ossea/api-contract';
import { AccessJobs } from './access-jobs.js';
import { AgentClient } from './agent-client.js';
import type { Requester } from './tunnels-ports.js';

/** Which file of which plugin of which VMA. */
export interface FileAt {
  readonly vmaId: string;
  readonly plugin: string;
  readonly file: string;
}

/** Software that plugins on VMAs work with and that the operator brings. Throws what the agent client throws. */
@Injectable()
export class RemotePluginFiles {
  constructor(
    private readonly agent: AgentClient,
    private readonly jobs: AccessJobs,
  ) {}

  list(vmaId: string, signal: AbortSignal): Promise<PluginFileList> {
    const call = { method: 'GET', path: agentPaths.pluginFiles, signal } as const;
    return this.agent.json(vmaId, call, PluginFileStates) as Promise<PluginFileList>;
  }

  receive({ vmaId, plugin, file }: FileAt, body: SendPiece, signal: AbortSignal): Promise<ReceivedPiece> {
    const call = { method: 'PUT', path: agentPaths.pluginFile(plugin, file), body, signal } as const;
    return this.agent.json(vmaId, call, ReceivedPiece);
  }

  /** A job: what software a VMA works with is a decision that the job log keeps. */
  install(at: FileAt, sha256: string, requester: Requester, signal: AbortSignal): Promise<PluginFileList> {
    const { vmaId, plugin, file } = at;
    const path = agentPaths.installPluginFile(plugin, file);
    return this.jobs.run({
      kind: 'install-plugin-file',
      label: 'Unpacking a file of a plugin on its VMA',
      requester,
      input: { ...at, sha256 },
      run: () =>
        this.agent.json(
          vmaId,
          { method: 'POST', path, body: { sha256 }, signal, silenceMs: 150_000 },
          PluginFileStates,
        ) as Promise<PluginFileList>,
      result: () => ({ plugin, file, sha256 }),
    });
  }
}
