import { request, type RequestOptions } from 'node:https';
import type { Vcsim } from '../../simulators/vcsim/vcsim.js';
import { until } from '../../stack/probe.js';

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
  readonly cookies: readonly string[];
}

/** A fault, by the name of its type. */
export class SoapFault extends Error {
  constructor(
    readonly fault: string,
    readonly xml: string,
  ) {
    super(`${fault}: ${/<faultstring>([^<]*)/.exec(xml)?.[1] ?? ''}`);
  }
}

/** A session of raw envelopes: what is tested is the simulator, so no client of ours stands in between. */
export class SoapSession {
  cookie = '';

  constructor(readonly vcsim: Vcsim) {}

  static async login(vcsim: Vcsim): Promise<SoapSession> {
    const session = new SoapSession(vcsim);
    await session.login();
    return session;
  }

  async login(): Promise<void> {
    const { username, password } = this.vcsim;
    const inner = `<userName>${username}</userName><password>${password}</password>`;
    const { cookies } = await this.post('Login', 'SessionManager:SessionManager', inner);
    const [cookie] = cookies.filter((line) => line.startsWith('vmware_soap_session='));
    this.cookie = cookie?.split(';')[0] ?? '';
  }

  /** Calls a method of `Type:value` and gives the answer's XML. */
  async call(method: string, self: string, inner = ''): Promise<string> {
    return (await this.post(method, self, inner)).body.toString();
  }

  /** Calls a method that gives a task, waits for it, and gives the XML of its info. */
  async task(method: string, self: string, inner = ''): Promise<string> {
    const task = /<returnval[^>]*>([^<]+)/.exec(await this.call(method, self, inner))![1]!;
    const info = await until(
      `${method} is over`,
      async () => {
        const xml = await this.properties('Task', task, ['info']);
        return /<state>(success|error)<\/state>/.test(xml) ? xml : undefined;
      },
      { everyMs: 5 },
    );
    const error = /<error>.*?<fault[^>]* [^ ]*type="([^"]+)"/s.exec(info);
    if (error) throw new SoapFault(error[1]!, info);
    return info;
  }

  properties(type: string, value: string, paths: readonly string[]): Promise<string> {
    return this.retrieve(type, paths, `<obj type="${type}">${value}</obj>`);
  }

  retrieve(type: string, paths: readonly string[], object: string, options = ''): Promise<string> {
    const path = paths.map((name) => `<pathSet>${name}</pathSet>`).join('');
    return this.call(
      'RetrievePropertiesEx',
      this.collector,
      `<specSet><propSet><type>${type}</type>${path}</propSet><objectSet>${object}</objectSet></specSet>` +
        `<options>${options}</options>`,
    );
  }

  readonly collector = 'PropertyCollector:propertyCollector';

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
    return this.http({ method: 'GET', path, headers: { cookie: this.cookie, ...headers } });
  }

  private async post(method: string, self: string, inner: string): Promise<HttpAnswer> {
    const cut = self.indexOf(':');
    const body =
      '<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"' +
      ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>' +
      `<${method} xmlns="urn:vim25"><_this type="${self.slice(0, cut)}">${self.slice(cut + 1)}</_this>${inner}</${method}>` +
      '</soapenv:Body></soapenv:Envelope>';
    const headers = { cookie: this.cookie, SOAPAction: '"urn:vim25/6.5"' };
    const answer = await this.http({ method: 'POST', path: '/sdk', headers }, body);
    if (answer.status === 200) return answer;
    const xml = answer.body.toString();
    const fault = /<detail><(\w+)Fault /.exec(xml)?.[1];
    throw fault ? new SoapFault(fault, xml) : new Error(`HTTP ${answer.status}`);
  }

  private http(options: RequestOptions, body?: string): Promise<HttpAnswer> {
    const { host, port, certPem } = this.vcsim;
    return new Promise((resolve, reject) => {
      const call = request(
        { host, port, ca: certPem, checkServerIdentity: () => undefined, ...options },
        (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('error', reject);
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              body: Buffer.concat(parts),
              cookies: answer.headers['set-cookie'] ?? [],
            }),
          );
        },
      );
      call.on('error', reject);
      call.end(body);
    });
  }
}

export const VM = 'DC0_C0_RP0_VM0';
export const MIB = 1 << 20;

/** Takes a snapshot and gives its moref. */
export async function takeSnapshot(session: SoapSession, vm: string, quiesce = false): Promise<string> {
  const info = await session.task(
    'CreateSnapshot_Task',
    `VirtualMachine:${vm}`,
    `<name>ours</name><description>why</description><memory>false</memory><quiesce>${quiesce}</quiesce>`,
  );
  return /<result [^>]*>([^<]+)</.exec(info)![1]!;
}

export async function removeSnapshot(session: SoapSession, snapshot: string): Promise<void> {
  await session.task(
    'RemoveSnapshot_Task',
    `VirtualMachineSnapshot:${snapshot}`,
    '<removeChildren>false</removeChildren><consolidate>true</consolidate>',
  );
}

export interface SnapshotDisk {
  readonly key: number;
  readonly fileName: string;
  readonly changeId: string;
  readonly hasParent: boolean;
}

/** The disks as a snapshot has them. */
export async function snapshotDisks(session: SoapSession, snapshot: string): Promise<SnapshotDisk[]> {
  const xml = await session.properties('VirtualMachineSnapshot', snapshot, ['config.hardware.device']);
  const devices = xml.split('<VirtualDevice ').filter((part) => /^[^>]*type="VirtualDisk"/.test(part));
  return devices.map((device) => {
    const own = device.replace(/<parent>.*<\/parent>/s, '');
    return {
      key: Number(/<key>(\d+)/.exec(own)![1]),
      fileName: /<fileName>([^<]+)/.exec(own)![1]!,
      changeId: /<changeId>([^<]+)/.exec(own)?.[1] ?? '',
      hasParent: device.includes('<parent>'),
    };
  });
}
