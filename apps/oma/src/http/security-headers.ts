import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * Headers of every answer. The console is built without inline scripts; its framework adds the styles of its
 * components to the page at run time, and the charts write style attributes into their tooltips, so only styles
 * may stand inline. There is no CORS: console and API share one origin.
 */
export function securityHeaders({ overTls }: { readonly overTls: boolean }): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
      },
    },
    // a promise about the host name for a year: only where TLS is what we serve
    strictTransportSecurity: overTls ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
  });
}
