import { certify, type KeyAndCertificate } from '@ossea/plugin-sdk/testing';
import { SoapServer, type Answered, type Asked, type Received } from './soap-server.js';
import {
  checkOrder,
  childOf,
  contentXml,
  gone,
  pathsOf,
  updateXml,
  type Thing,
  type Values,
} from './vim-xml.js';

interface Collector {
  readonly session: string;
  readonly objects: { readonly id: string; readonly paths: readonly string[] }[];
  readonly told: Set<string>;
}

const CONTENT = [
  'propertyCollector:PropertyCollector',
  'viewManager:ViewManager',
  'sessionManager:SessionManager',
];

/** A vCenter of a few dozen lines: sessions, views, pages, property collectors, and nothing but what a spec puts in. */
export class SmallVcenter {
  password = 'right';
  /** Whether a read without a session just finds nothing, as with vcsim, instead of saying why. */
  isSilentWithoutSession = false;
  readonly certificate: KeyAndCertificate = certify({ name: 'vcenter' });
  readonly server = new SoapServer(this.certificate, (call) => this.answer(call));
  /** Faults to answer instead, once each. */
  readonly faults: { readonly method: string; readonly fault: NonNullable<Answered['fault']> }[] = [];
  /** Views, collectors and tokens that nobody has given back. */
  readonly left = new Set<string>();
  private sessions = new Set<string>();
  private readonly things = new Map<string, Thing>();
  private readonly collectors = new Map<string, Collector>();
  private readonly pages = new Map<
    string,
    { readonly things: Thing[]; readonly paths: readonly string[]; readonly size: number }
  >();
  private readonly waiting = new Set<() => void>();
  private counter = 0;

  /** Makes or changes an object; `undefined` deletes it. */
  put(type: string, id: string, values: Values | undefined): void {
    this.counter += 1;
    const before = this.things.get(id);
    if (values === undefined) this.things.delete(id);
    else {
      const changed = Object.fromEntries(Object.keys(values).map((path) => [path, this.counter]));
      const changedAt = { ...before?.changedAt, ...changed };
      this.things.set(id, { type, id, values: { ...before?.values, ...values }, changedAt });
    }
    this.wake();
  }

  /** Takes a property away without a trace of the change. */
  unset(id: string, path: string): void {
    const thing = this.things.get(id);
    if (!thing) return;
    const without = <T>(all: Readonly<Record<string, T>>) =>
      Object.fromEntries(Object.entries(all).filter(([name]) => name !== path));
    this.things.set(id, { ...thing, values: without(thing.values), changedAt: without(thing.changedAt) });
  }

  /** Forgets all sessions, and with them what was made in them; waits end as a server ends them. */
  expire(): void {
    this.sessions = new Set();
    this.collectors.clear();
    this.pages.clear();
    this.left.clear();
    this.wake();
  }

  /** As a service that was started again: the sessions stay, what they have made does not. */
  forgetCollectors(): void {
    for (const id of this.collectors.keys()) this.left.delete(id);
    this.collectors.clear();
    this.wake();
  }

  /** Lets all waits end without a change, as after `maxWaitSeconds`. */
  wake(): void {
    for (const each of [...this.waiting]) each();
  }

  /** Resolves once somebody waits for changes. */
  async waits(): Promise<void> {
    while (this.waiting.size === 0) await new Promise(setImmediate);
  }

  private answer(call: Received): Answered | Promise<Answered> {
    checkOrder(call.body);
    const at = this.faults.findIndex(({ method }) => method === call.method);
    const [scripted] = at === -1 ? [] : this.faults.splice(at, 1);
    if (scripted) return { fault: scripted.fault };
    if (call.method === 'RetrieveServiceContent') return { xml: this.content() };
    if (call.method === 'Login') return this.login(call.body);
    const session = /^vmware_soap_session="(.*)"$/.exec(call.cookie ?? '')?.[1] ?? '';
    const isIn = this.sessions.has(session);
    // the one read that does not fault without a session
    if (call.method === 'RetrievePropertiesEx') return this.retrieve(call.body, isIn);
    if (!isIn) return { fault: { name: 'NotAuthenticated' } };
    return this.within(session, call);
  }

  private within(session: string, { method, body }: Received): Answered | Promise<Answered> {
    const self = childOf(body, '_this')?.text ?? '';
    const token = childOf(body, 'token')?.text ?? '';
    switch (method) {
      case 'Logout':
        this.sessions.delete(session);
        return {};
      case 'CurrentTime':
        return { xml: '<returnval>2026-11-25T14:31:00Z</returnval>' };
      case 'CreateContainerView':
        return { xml: this.make('ContainerView', 'view') };
      case 'CreatePropertyCollector': {
        const xml = this.make('PropertyCollector', 'collector');
        this.collectors.set(`collector-${this.counter}`, { session, objects: [], told: new Set() });
        return { xml };
      }
      case 'CreateFilter':
        return this.filter(self, body);
      case 'WaitForUpdatesEx':
        return this.wait(self, body);
      case 'ContinueRetrievePropertiesEx':
        return this.left.delete(token) ? this.page(token) : { fault: { name: 'InvalidArgument' } };
      case 'CancelRetrievePropertiesEx':
        return this.left.delete(token) ? {} : { fault: { name: 'InvalidArgument' } };
      case 'DestroyView':
      case 'DestroyPropertyCollector':
        this.collectors.delete(self);
        return this.left.delete(self) ? {} : gone('View', self);
      case 'CancelTask':
        this.put('Task', self, { 'info.state': 'TaskInfoState|error' });
        return {};
      case 'PowerOnVM_Task':
        return { xml: '<returnval type="Task">task-1</returnval>' };
      default:
        return { fault: { name: 'InvalidRequest' } };
    }
  }

  private content(): string {
    const managers = CONTENT.map((entry) => entry.split(':')).map(
      ([name, type]) => `<${name} type="${type}">${type}</${name}>`,
    );
    const about =
      '<about><name>small</name><fullName>Small</fullName><apiType>VirtualCenter</apiType><apiVersion>8.0.1.0</apiVersion></about>';
    return `<returnval><rootFolder type="Folder">group-d1</rootFolder>${managers.slice(0, 2).join('')}${about}${managers[2]}</returnval>`;
  }

  private login(body: Asked): Answered {
    if (childOf(body, 'password')?.text !== this.password) return { fault: { name: 'InvalidLogin' } };
    this.counter += 1;
    const session = `session-${this.counter}`;
    this.sessions.add(session);
    return {
      xml: `<returnval><key>key-${session}</key><userName>u</userName></returnval>`,
      setCookie: `vmware_soap_session="${session}"; Path=/; HttpOnly; Secure`,
    };
  }

  private make(type: string, prefix: string): string {
    this.counter += 1;
    const id = `${prefix}-${this.counter}`;
    this.left.add(id);
    return `<returnval type="${type}">${id}</returnval>`;
  }

  private retrieve(body: Asked, isIn: boolean): Answered {
    const spec = childOf(body, 'specSet');
    const sets = (spec?.children ?? []).filter(({ name }) => name === 'objectSet');
    const types = (spec?.children ?? [])
      .filter(({ name }) => name === 'propSet')
      .map((set) => childOf(set, 'type')?.text);
    const paths = pathsOf(spec);
    const ids = sets.map((set) => childOf(set, 'obj')?.text ?? '');
    const isListing = sets.some((set) => childOf(set, 'selectSet'));
    if (isListing && isIn && !this.left.has(ids[0] ?? '')) return gone('ContainerView', ids[0] ?? '');
    const things = [...this.things.values()].filter(({ type, id }) =>
      isListing ? types.includes(type) : ids.includes(id),
    );
    const lenient = childOf(spec, 'reportMissingObjectsInResults')?.text === 'true';
    const absent = isListing || lenient ? undefined : ids.find((id) => !this.things.has(id));
    if (absent !== undefined) return gone('ManagedObject', absent);
    if (things.length === 0) return {};
    if (!isIn && this.isSilentWithoutSession) return {};
    if (!isIn) {
      const missing = paths.map(
        (path) =>
          `<missingSet><path>${path}</path><fault><fault xsi:type="NotAuthenticated"/></fault></missingSet>`,
      );
      const [first] = things;
      return {
        xml: `<returnval><objects><obj type="${first?.type}">${first?.id}</obj>${missing.join('')}</objects></returnval>`,
      };
    }
    const size = Number(childOf(childOf(body, 'options'), 'maxObjects')?.text ?? things.length);
    this.pages.set('first', { things, paths, size });
    return this.page('first');
  }

  private page(token: string): Answered {
    const rest = this.pages.get(token);
    if (!rest) return { fault: { name: 'InvalidArgument' } };
    const { things, paths, size } = rest;
    const objects = things.slice(0, size).map((thing) => `<objects>${contentXml(thing, paths)}</objects>`);
    const after = things.slice(size);
    if (after.length === 0) return { xml: `<returnval>${objects.join('')}</returnval>` };
    this.counter += 1;
    const next = `token-${this.counter}`;
    this.pages.set(next, { things: after, paths, size });
    this.left.add(next);
    return { xml: `<returnval><token>${next}</token>${objects.join('')}</returnval>` };
  }

  private filter(self: string, body: Asked): Answered {
    const collector = this.collectors.get(self);
    if (!collector) return gone('PropertyCollector', self);
    const spec = childOf(body, 'spec');
    collector.objects.push({
      id: childOf(childOf(spec, 'objectSet'), 'obj')?.text ?? '',
      paths: pathsOf(spec),
    });
    return { xml: '<returnval type="PropertyFilter">filter-1</returnval>' };
  }

  private async wait(self: string, body: Asked): Promise<Answered> {
    const version = childOf(body, 'version')?.text ?? '';
    const asked = this.collectors.get(self);
    if (!asked) return gone('PropertyCollector', self);
    const updates = () => this.updates(asked, Number(version || '0'));
    if (updates() === '') {
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.waiting.delete(wake);
          resolve();
        };
        this.waiting.add(wake);
      });
      if (!this.sessions.has(asked.session)) return { fault: { name: 'NotAuthenticated' } };
    }
    const objects = updates();
    if (objects === '') return {};
    const filterSet = `<filterSet><filter type="PropertyFilter">filter-1</filter>${objects}</filterSet>`;
    return {
      xml: `<returnval><version>${this.counter}</version>${filterSet}<truncated>false</truncated></returnval>`,
    };
  }

  private updates({ objects, told }: Collector, since: number): string {
    let objectSets = '';
    let missingSets = '';
    for (const { id, paths } of objects) {
      const thing = this.things.get(id);
      if (thing) {
        objectSets += updateXml(thing, paths, since);
        told.add(id);
      } else if (!thing && told.delete(id))
        objectSets += `<objectSet><kind>leave</kind><obj type="Task">${id}</obj></objectSet>`;
      else if (!thing && since === 0) {
        const fault = `<fault xsi:type="ManagedObjectNotFound"><obj type="Task">${id}</obj></fault>`;
        missingSets += `<missingSet><obj type="Task">${id}</obj><fault>${fault}</fault></missingSet>`;
      }
    }
    return objectSets + missingSets;
  }
}
