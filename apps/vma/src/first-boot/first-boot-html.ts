import { fingerprintWords } from '@ossea/agent-protocol';
import type { Enrolment } from '../state/state-files.js';

export interface PageState {
  /** Where the OMA is. */
  readonly oma: string;
  readonly enrolment: Enrolment | undefined;
  /** Of this VMA's key. */
  readonly fingerprint: string;
  /** Why the last try failed: cause and remedy. */
  readonly trouble: string | undefined;
  /** What was typed the last time, but for the codes. */
  readonly typed: { readonly hostKeyFingerprint: string; readonly name: string };
  /** Lets the page's own styles in, and no others. */
  readonly nonce: string;
}

const STATES: Readonly<Record<Enrolment['state'], string>> = {
  pending:
    'The OMA has the request. Compare there what stands below, then approve. This page tells when it is done.',
  approved: 'This VMA is approved. This page closes now, for good.',
  rejected: 'This VMA was rejected. Ask for a new pairing code and try again.',
  revoked: 'This VMA was revoked. Ask for a new pairing code and try again.',
  expired: 'Nobody approved this VMA in time. Ask for a new pairing code and try again.',
};

/** The whole page, without scripts: it is seen once, by a browser of which nothing is known. */
export function firstBootPage(state: PageState): string {
  const { enrolment, trouble, nonce } = state;
  const isPending = enrolment?.state === 'pending';
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    isPending ? '<meta http-equiv="refresh" content="3">' : '',
    `<title>MigrateKit OSSEA: enrol this VMA</title><style nonce="${nonce}">${STYLE}</style></head><body><main>`,
    '<h1>Enrol this VMA</h1>',
    trouble === undefined ? '' : `<p role="alert" class="trouble">${escaped(trouble)}</p>`,
    enrolment ? `<p role="status">${STATES[enrolment.state]}</p>` : '',
    isPending ? compared(state, enrolment.hostKeyFingerprint) : form(state),
    '</main></body></html>',
  ].join('');
}

function compared({ fingerprint }: PageState, hostKeyFingerprint: string): string {
  return `<dl><dt>Key of this VMA</dt><dd><code>${escaped(fingerprint)}</code></dd>
<dt>The same in words</dt><dd><code>${escaped(fingerprintWords(fingerprint, hostKeyFingerprint))}</code></dd></dl>`;
}

function form({ oma, typed }: PageState): string {
  return `<p>It enrols with the OMA at <b>${escaped(oma)}</b>. Make a pairing code there.</p>
<form method="post" action="/" autocomplete="off">
${field('console', 'Code on the console of this VMA', '', 'XXXX-XXXX-XXXX-XXXX-XXXX')}
${field('code', 'Pairing code', '', 'XXXX-XXXX-XXXX')}
${field('hostKeyFingerprint', 'Host key of the OMA', typed.hostKeyFingerprint, 'SHA256:…')}
${field('name', 'Name of this VMA', typed.name, 'cellar')}
<button type="submit">Ask the OMA</button></form>`;
}

function field(name: string, label: string, value: string, hint: string): string {
  return `<label for="${name}">${label}</label><input id="${name}" name="${name}" value="${escaped(value)}" placeholder="${hint}" required spellcheck="false">`;
}

/** Everything that is not ours to say is text. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE =
  'body{font:16px/1.5 sans-serif;background:#17242b;color:#eee;margin:0}main{max-width:36rem;margin:3rem auto;padding:0 1rem}' +
  'label{display:block;margin-top:1rem}input{width:100%;box-sizing:border-box;padding:.5rem;font:inherit}' +
  'button{margin-top:1.5rem;padding:.5rem 1.5rem;font:inherit}.trouble{border-left:4px solid #f76f6c;padding-left:1rem}' +
  'code{font-size:1.1rem}dt{margin-top:1rem;color:#adbbc4}dd{margin:0}';
