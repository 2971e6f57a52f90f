import type { OpenMatrixSite } from './matrix-site.js';
import { openSsh2Site } from './ssh2-site.js';

/** Every transport that the matrix is run against. */
export const SITES: Readonly<Record<string, OpenMatrixSite>> = {
  ssh2: openSsh2Site,
};
