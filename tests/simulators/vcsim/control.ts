/** A disk as its machine has it now. */
export interface SimulatedDisk {
  readonly key: number;
  readonly label: string;
  readonly sizeBytes: number;
  readonly fileName: string;
  readonly uuid: string;
  /** Empty while changed block tracking is not in effect. */
  readonly changeId: string;
  readonly diskObjectId: string;
  /** The file the guest writes now. */
  readonly livePath: string;
  /** The names of its links from the top to the base. */
  readonly chain: readonly string[];
}

export interface SimulatedVm {
  readonly moref: string;
  readonly powerState: 'poweredOn' | 'poweredOff' | 'suspended';
  readonly snapshots: number;
  readonly disks: readonly SimulatedDisk[];
}

/** What goes wrong with the calls of a method; the first rule that fits a call counts. */
export interface FaultRule {
  /** A SOAP method, or `folder` for the datastore's files. */
  readonly method: string;
  /** The name of a vim25 fault, or `HTTP503` and the like. */
  readonly fault?: string;
  readonly message?: string;
  readonly fields?: object;
  /** How often; once unless told, without end when below 0. */
  readonly times?: number;
  /** How many calls go well before. */
  readonly skip?: number;
  /** The call goes well, and its task ends with the fault. */
  readonly asTaskError?: boolean;
  /** Only snapshots that ask for quiescing. */
  readonly onlyQuiesced?: boolean;
  /** Only this machine and its snapshots; a name or a moref. */
  readonly vm?: string;
  /** The connection is closed before anything is done, or after everything is. */
  readonly drop?: 'before' | 'after';
  /** For `folder` with `drop: 'after'`: how much of the file is sent before. */
  readonly afterBytes?: number;
  readonly delayMs?: number;
  /** The task stays in `running` this long before its work. */
  readonly taskDelayMs?: number;
  /** The removal of a snapshot goes well, but leaves the chain behind and `runtime.consolidationNeeded` set. */
  readonly leaveChain?: boolean;
}

export interface NewDisk {
  readonly sizeBytes: number;
  readonly label?: string;
  /** `persistent` unless told. */
  readonly mode?: string;
  readonly sharing?: string;
  /** `[datastore] folder/name.vmdk`; the next free name in the machine's folder unless told. */
  readonly file?: string;
}

/** A vim25 type by its name with its plain fields. */
export interface TypedFields {
  readonly type: string;
  readonly fields?: object;
}

type Query = Readonly<Record<string, string | number | undefined>>;

/** The parts that are no client's to play: the guest, the operator, and bad luck. */
export class VcsimControl {
  constructor(private readonly controlUrl: string) {}

  /** Writes as the guest would: during a stun it waits. */
  async guestWrite(vm: string, disk: number, offset: number, bytes: Uint8Array): Promise<void> {
    await this.call('POST', '/guest/write', { vm, disk, offset }, bytes);
  }

  /** Reads what the guest would read now. */
  async guestRead(vm: string, disk: number, offset: number, length: number): Promise<Buffer> {
    const answer = await this.call('GET', '/guest/read', { vm, disk, offset, length });
    return Buffer.from(await answer.arrayBuffer());
  }

  /** How long the guest takes to shut down after ShutdownGuest; below 0 it never does. */
  async setShutdownTime(vm: string, ms: number): Promise<void> {
    await this.call('POST', '/guest/shutdown', { vm, ms });
  }

  addDisk(vm: string, disk: NewDisk): Promise<SimulatedDisk> {
    return this.json('POST', '/disk', { vm, ...disk });
  }

  async growDisk(vm: string, disk: number, sizeBytes: number): Promise<void> {
    await this.call('POST', '/disk/grow', { vm, disk, sizeBytes });
  }

  async removeDisk(vm: string, disk: number): Promise<void> {
    await this.call('POST', '/disk/remove', { vm, disk });
  }

  /** Adds a device of any type as it is, with no files; gives its key. */
  addDevice(vm: string, device: TypedFields & { readonly backing?: TypedFields }): Promise<number> {
    return this.json('POST', '/device', { vm }, JSON.stringify(device));
  }

  vm(vm: string): Promise<SimulatedVm> {
    return this.json('GET', '/vm', { vm });
  }

  async moref(vm: string): Promise<string> {
    return (await this.vm(vm)).moref;
  }

  /** The machine vanishes, whatever its state. */
  async destroyVm(vm: string): Promise<void> {
    await this.call('POST', '/vm/destroy', { vm });
  }

  /** Takes a snapshot that is none of the client's; gives its moref. */
  takeForeignSnapshot(vm: string, name: string): Promise<string> {
    return this.json('POST', '/vm/snapshot', { vm, name });
  }

  /** Merges into the machine's properties: `{ guest: { toolsRunningStatus: 'guestToolsRunning' } }`. */
  mergeVm(vm: string, properties: object): Promise<void> {
    return this.merge('VirtualMachine', vm, properties);
  }

  /** The same for any entity: `HostSystem`, `Datastore`, … */
  async merge(type: string, name: string, properties: object): Promise<void> {
    await this.call('POST', '/merge', { type, name }, JSON.stringify(properties));
  }

  /** Begins a new epoch for all disks: earlier change ids are of no use any more. */
  async resetTracking(vm: string): Promise<void> {
    await this.call('POST', '/tracking/reset', { vm });
  }

  async setMaxAreas(n: number): Promise<void> {
    await this.call('POST', '/cbt/max-areas', { n });
  }

  sessions(): Promise<number> {
    return this.json('GET', '/sessions');
  }

  /** Ends every session; gives how many there were. */
  expireSessions(): Promise<number> {
    return this.json('POST', '/sessions/expire');
  }

  async inject(rule: FaultRule): Promise<void> {
    await this.call('POST', '/faults', {}, JSON.stringify(rule));
  }

  async clearFaults(): Promise<void> {
    await this.call('DELETE', '/faults');
  }

  /** How often clients called each method since the start or since `clearCalls`. */
  calls(): Promise<Readonly<Record<string, number>>> {
    return this.json('GET', '/calls');
  }

  async clearCalls(): Promise<void> {
    await this.call('DELETE', '/calls');
  }

  /** From now on these privileges, and no others, are not granted. */
  async denyPrivileges(ids: readonly string[]): Promise<void> {
    await this.call('POST', '/privileges/deny', {}, JSON.stringify({ ids }));
  }

  private async json<T>(method: string, path: string, query?: Query, body?: string): Promise<T> {
    return (await (await this.call(method, path, query, body)).json()) as T;
  }

  private async call(
    method: string,
    path: string,
    query: Query = {},
    body?: string | Uint8Array,
  ): Promise<Response> {
    const url = new URL(path, this.controlUrl);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const answer = await fetch(url, {
      method,
      ...(body !== undefined && { body: body as NonNullable<RequestInit['body']> }),
    });
    if (!answer.ok) throw new Error(`vcsim's control, ${method} ${path}: ${await answer.text()}`);
    return answer;
  }
}
