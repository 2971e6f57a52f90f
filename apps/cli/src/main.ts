#!/usr/bin/env node
import { readEnvironment } from './config/environment.js';
import { runCli } from './run-cli.js';

const interrupted = new AbortController();
// once: a second Ctrl-C ends it at once
process.once('SIGINT', () => interrupted.abort());
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // the reader of a pipe has seen enough
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.exitCode = await runCli(process.argv.slice(2), {
  environment: readEnvironment(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupted.signal,
});
