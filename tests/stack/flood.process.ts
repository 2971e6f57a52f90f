// Floods in a process of their own: names as arguments, the target as JSON on standard input. A line of JSON every now and
// then says how often each one has tried so far.
import { readFileSync } from 'node:fs';
import { FLOODS, type FloodName, type FloodTarget } from './floods.js';

const TELL_EVERY_MS = 100;
const names = process.argv.slice(2) as FloodName[];
const target = JSON.parse(readFileSync(0, 'utf8')) as FloodTarget;
const acts: Record<string, number> = {};
for (const name of names) {
  acts[name] = 0;
  FLOODS[name](target, () => {
    acts[name] = (acts[name] ?? 0) + 1;
  });
}
setInterval(() => process.stdout.write(`${JSON.stringify(acts)}\n`), TELL_EVERY_MS);
process.on('SIGTERM', () => process.exit(0));
process.stdout.on('error', () => process.exit(0));
