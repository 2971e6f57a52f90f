/** Builds the stand-in for VDDK and fetches nbdkit's plugin once; see build.mjs. */
export function ensureFakeVddk(options?: {
  readonly log?: { write(text: string): unknown };
}): Promise<{ readonly libdir: string; readonly plugin: string }>;
