import { fileURLToPath } from 'node:url';

/** The root of the checkout, seen from the sources or from what the build makes of them. */
export const repositoryRoot = fileURLToPath(new URL('.', import.meta.url)).replace(
  /tests\/(dist\/)?stack\/$/,
  '',
);
