/** Where the two ends of the tunnel lie on this machine. */
export class AgentSettings {
  constructor(
    /** The OMA's NBD, for the copy engine. */
    readonly nbdSocketPath: string,
    /** The same on the loopback, for other NBD clients. */
    readonly nbdPort: number | undefined,
    /** Our own API, for the OMA. */
    readonly agentSocketPath: string,
    readonly connections: number,
  ) {}
}
