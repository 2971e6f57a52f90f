interface Advertising {
  readonly plugin: { readonly manifest: { readonly capabilities: readonly string[] } };
  readonly grants?: readonly string[];
}

/** What a subject must grant: its own list, or else all that its manifest advertises. */
export function expectedCapabilities(subject: Advertising): readonly string[] {
  return subject.grants ?? subject.plugin.manifest.capabilities;
}
