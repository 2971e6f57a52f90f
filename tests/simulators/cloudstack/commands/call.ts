import type { Cloud } from '../cloud.js';
import type { JobFault } from '../fault-book.js';
import type { Work } from '../jobs/job-board.js';
import type { Payload } from '../protocol/answer-text.js';
import type { UnpackedParameters } from '../protocol/request-parameters.js';
import type { Account, Row } from '../state/model.js';
import type { Table } from '../state/table.js';

/** A request whose parameters were checked, on its way to its command. */
export class Call {
  constructor(
    readonly cloud: Cloud,
    readonly command: { readonly name: string; readonly job?: string },
    readonly caller: Account,
    private readonly parameters: UnpackedParameters,
    private readonly fault: JobFault | undefined,
  ) {}

  text(name: string): string | undefined {
    return this.parameters.values.get(name);
  }

  number(name: string): number | undefined {
    const value = this.text(name)?.trim();
    return value ? Number(value) : undefined;
  }

  /** As Java reads a boolean: whatever is not `true` is false. */
  flag(name: string): boolean | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : value.toLowerCase() === 'true';
  }

  list(name: string): readonly string[] | undefined {
    return this.text(name)?.split(',').filter(Boolean);
  }

  /** The elements of a map parameter, in the order of their numbers. */
  elements(name: string): readonly ReadonlyMap<string, string>[] {
    const elements = this.parameters.maps.get(name);
    return elements ? [...elements].sort(([a], [b]) => a - b).map(([, fields]) => fields) : [];
  }

  /** A map parameter whose fields are the keys, over all its elements. */
  map(name: string): ReadonlyMap<string, string> {
    return new Map(this.elements(name).flatMap((fields) => [...fields]));
  }

  get projectId(): string | undefined {
    return this.parameters.projectId;
  }

  find<T extends Row>(table: Table<T>, name: string): T | undefined {
    const id = this.text(name);
    return id === undefined ? undefined : table.find(id);
  }

  /** What a required id names. */
  get<T extends Row>(table: Table<T>, name: string): T {
    const found = this.find(table, name);
    if (!found) throw new Error(`${this.command.name} asks for ${name}, which it does not require`);
    return found;
  }

  /** Starts the command's job. `id`: of what is being created, answered at once. */
  submit(work: Work, created?: { readonly id: string }): Payload {
    const { name, job } = this.command;
    const className = this.caller.isRootAdmin ? asAdmin(job!) : `${PACKAGE}.user.${job!}`;
    const submitted = this.cloud.jobs.submit(
      { command: name, account: this.caller, className },
      work,
      this.fault,
    );
    return { ...(created ? { id: created.id } : {}), jobid: submitted.id };
  }
}

const PACKAGE = 'org.apache.cloudstack.api.command';
const asAdmin = (job: string): string => `${PACKAGE}.admin.${job}ByAdmin`;
