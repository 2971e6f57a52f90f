import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
export async function until(condition, what, deadlineMs = 20_000) {
    const end = performance.now() + deadlineMs;
    while (!condition()) {
        if (performance.now() > end)
            throw new Error(`timed out: ${what}`);
        await delay(5);
    }
}
/** Real NBD servers on Unix sockets in a directory of their own; `stop` leaves nothing behind. */
export class NbdServers {
    constructor(spawn) {
        this.spawn = spawn;
        this.dir = mkdtempSync(join(tmpdir(), 'nbd-'));
        this.children = new Set();
        this.count = 0;
    }
    path(name) {
        return join(this.dir, name);
    }
    /** `nbdkit` with these arguments, in the foreground. */
    nbdkit(args, socket = this.nextSocket()) {
        return this.start('nbdkit', ['-f', '-U', socket, ...args], socket, '');
    }
    /** A file as it is. */
    file(path, args = [], socket) {
        return this.nbdkit([...args, 'file', path], socket);
    }
    /** What the product runs at the target. */
    storageDaemon(file, format, socket = this.nextSocket()) {
        const args = [
            ...['--blockdev', `driver=file,node-name=f,filename=${file},discard=unmap`],
            ...['--blockdev', `driver=${format},node-name=n,file=f,discard=unmap`],
            ...['--nbd-server', `addr.type=unix,addr.path=${socket},max-connections=0`],
            ...['--export', 'type=nbd,id=e,node-name=n,name=vol,writable=on'],
        ];
        return this.start('qemu-storage-daemon', args, socket, 'vol');
    }
    nextSocket() {
        this.count += 1;
        return this.path(`${this.count}.sock`);
    }
    async stop() {
        await Promise.all([...this.children].map((child) => this.end(child, 'SIGKILL')));
        rmSync(this.dir, { recursive: true, force: true });
    }
    async start(file, args, path, exportName) {
        rmSync(path, { force: true });
        const child = this.spawn(file, args, { stdio: 'ignore', env: { ...process.env, TMPDIR: this.dir } });
        let failed = false;
        child.once('error', () => (failed = true));
        this.children.add(child);
        const gone = () => failed || child.exitCode !== null || child.signalCode !== null;
        await until(() => existsSync(path) || gone(), `${file} listens`);
        if (gone())
            throw new Error(`${file} ended at once: ${args.join(' ')}`);
        return {
            address: { transport: 'nbd-unix', path, exportName },
            path,
            kill: (signal) => this.end(child, signal),
            signal: (signal) => void child.kill(signal),
        };
    }
    async end(child, signal) {
        this.children.delete(child);
        if (child.exitCode !== null || child.signalCode !== null)
            return;
        const exited = new Promise((resolve) => child.once('exit', resolve));
        child.kill(signal);
        await exited;
    }
}
//# sourceMappingURL=nbd-servers.js.map