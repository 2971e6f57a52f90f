import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';

/** Where the build puts the console, seen from here, whether we run from `src` or from `dist`. */
const BUILT_CONSOLE = fileURLToPath(new URL('../../../console/dist/browser', import.meta.url));

/** The folder of the console to serve: the configured one, else the built one; `undefined` where there is none. */
export function consoleFolder(configured: string | undefined): string | undefined {
  const folder = configured ?? BUILT_CONSOLE;
  return existsSync(join(folder, 'index.html')) ? folder : undefined;
}

/** Serves the console at `/`. Addresses of its pages get the page; the API, the feed and the metrics are never shadowed. */
export function serveConsole(app: NestExpressApplication, folder: string): void {
  app.useStaticAssets(folder, {
    index: false,
    redirect: false,
    dotfiles: 'ignore',
    setHeaders: (response, path) => {
      const isHashed = /-[A-Z0-9]{8}\.\w+$/.test(path);
      response.setHeader('Cache-Control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (!isPage(request)) {
      next();
      return;
    }
    response.setHeader('Cache-Control', 'no-cache');
    response.sendFile('index.html', { root: folder, cacheControl: false });
  });
}

/** A browser that opens an address; a missing script or picture is an error, not a page. */
function isPage({ method, path, headers }: Request): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  if (/^\/(api|metrics|socket\.io)(\/|$)/.test(path) || /\.\w+$/.test(path)) return false;
  return /text\/html|\*\/\*/.test(headers.accept ?? '*/*');
}
