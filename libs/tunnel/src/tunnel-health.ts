/*
 * How a tunnel is, as tables: what a probe makes of a direction, what a connection makes of both, and what the two
 * directions and the connections together are called. Both appliances judge by these.
 */

export const TUNNEL_STATES = ['up', 'degraded', 'half-open', 'down'] as const;
/** `half-open`: SSH says connected, but one direction does not answer. */
export type TunnelHealthState = (typeof TUNNEL_STATES)[number];

/** The OMA's calls to the agent, and the VMA's NBD channels to the storage daemon. */
export const TUNNEL_DIRECTIONS = ['to-vma', 'to-oma'] as const;
export type TunnelDirection = (typeof TUNNEL_DIRECTIONS)[number];

/** How many of the SSH connections stand. */
export const TUNNEL_LINKS = ['none', 'some', 'all'] as const;
export type TunnelLink = (typeof TUNNEL_LINKS)[number];

/** What a direction answered of late. Three misses, one after the other, make it silent. */
export const TUNNEL_ANSWERS = ['unasked', 'prompt', 'slow', 'missed-once', 'missed-twice', 'silent'] as const;
export type TunnelAnswer = (typeof TUNNEL_ANSWERS)[number];

/** An answer that takes longer is slow. */
export const SLOW_MS = 3_000;

type Outcome = 'prompt' | 'slow' | 'missed';

export const AFTER_PROBE: Readonly<Record<TunnelAnswer, Readonly<Record<Outcome, TunnelAnswer>>>> = {
  unasked: { prompt: 'prompt', slow: 'slow', missed: 'missed-once' },
  prompt: { prompt: 'prompt', slow: 'slow', missed: 'missed-once' },
  slow: { prompt: 'prompt', slow: 'slow', missed: 'missed-once' },
  'missed-once': { prompt: 'prompt', slow: 'slow', missed: 'missed-twice' },
  'missed-twice': { prompt: 'prompt', slow: 'slow', missed: 'silent' },
  silent: { prompt: 'prompt', slow: 'slow', missed: 'silent' },
};

/** When the last connection ends, and when the first one stands again: who was silent is on trial. */
export const AFTER_LINK: Readonly<
  Record<TunnelAnswer, Readonly<Record<'disconnected' | 'connected', TunnelAnswer>>>
> = {
  unasked: { disconnected: 'unasked', connected: 'unasked' },
  prompt: { disconnected: 'unasked', connected: 'unasked' },
  slow: { disconnected: 'unasked', connected: 'unasked' },
  'missed-once': { disconnected: 'unasked', connected: 'unasked' },
  'missed-twice': { disconnected: 'unasked', connected: 'unasked' },
  silent: { disconnected: 'silent', connected: 'missed-twice' },
};

export type TunnelGrade = 'fine' | 'weak' | 'silent';
export const GRADE: Readonly<Record<TunnelAnswer, TunnelGrade>> = {
  unasked: 'fine',
  prompt: 'fine',
  slow: 'weak',
  'missed-once': 'weak',
  'missed-twice': 'weak',
  silent: 'silent',
};

type ByGrade<T> = Readonly<Record<TunnelGrade, T>>;
const everyGrade = <T>(value: T): ByGrade<T> => ({ fine: value, weak: value, silent: value });

/** Link, then one direction, then the other: the table is the same whichever comes first. */
export const STATE_OF: Readonly<Record<TunnelLink, ByGrade<ByGrade<TunnelHealthState>>>> = {
  none: everyGrade(everyGrade('down')),
  some: {
    fine: { fine: 'degraded', weak: 'degraded', silent: 'half-open' },
    weak: { fine: 'degraded', weak: 'degraded', silent: 'half-open' },
    silent: { fine: 'half-open', weak: 'half-open', silent: 'down' },
  },
  all: {
    fine: { fine: 'up', weak: 'degraded', silent: 'half-open' },
    weak: { fine: 'degraded', weak: 'degraded', silent: 'half-open' },
    silent: { fine: 'half-open', weak: 'half-open', silent: 'down' },
  },
};

export type TunnelHealthEvent =
  | { readonly type: 'connected'; readonly link: Exclude<TunnelLink, 'none'> }
  | { readonly type: 'disconnected'; readonly why: string }
  | { readonly type: 'probe-ok'; readonly direction: TunnelDirection; readonly rttMs: number }
  | { readonly type: 'probe-failed'; readonly direction: TunnelDirection; readonly why: string }
  /** What the other side, which tries that direction, says of it. */
  | {
      readonly type: 'reported';
      readonly direction: TunnelDirection;
      readonly answer: TunnelAnswer;
      readonly rttMs?: number;
      readonly failure?: TunnelFailure;
    };

export interface TunnelFailure {
  readonly at: Date;
  readonly why: string;
  /** Absent when the connection itself was lost. */
  readonly direction?: TunnelDirection;
}

export interface TunnelHealth {
  readonly state: TunnelHealthState;
  readonly since: Date;
  /** Why it is so, for people. */
  readonly because: string;
  /** The direction that makes it so, where it is one alone. */
  readonly direction?: TunnelDirection;
  readonly link: TunnelLink;
  readonly answers: Readonly<Record<TunnelDirection, TunnelAnswer>>;
  /** Of the last probe that was answered. */
  readonly rttMs: Readonly<Partial<Record<TunnelDirection, number>>>;
  readonly lastFailure?: TunnelFailure;
}

/** Of a tunnel that has not come yet. */
export function initialHealth(now: Date): TunnelHealth {
  return {
    state: 'down',
    since: now,
    because: 'It has not connected yet.',
    link: 'none',
    answers: { 'to-vma': 'unasked', 'to-oma': 'unasked' },
    rttMs: {},
  };
}

/** How the tunnel is after something happened; `since` moves only when the state becomes another one. */
export function healthAfter(health: TunnelHealth, event: TunnelHealthEvent, now: Date): TunnelHealth {
  const facts = factsAfter(health, event, now);
  const { link, answers } = facts;
  const state = STATE_OF[link][GRADE[answers['to-vma']]][GRADE[answers['to-oma']]];
  const culprits = TUNNEL_DIRECTIONS.filter((one) => GRADE[answers[one]] !== 'fine');
  const silent = culprits.filter((one) => answers[one] === 'silent');
  const [direction, ...others] = silent.length > 0 ? silent : culprits;
  return {
    ...facts,
    state,
    since: state === health.state ? health.since : now,
    because: because(state, facts),
    ...(direction !== undefined && others.length === 0 && link !== 'none' ? { direction } : {}),
  };
}

type Facts = Pick<TunnelHealth, 'link' | 'answers' | 'rttMs' | 'lastFailure'>;

function factsAfter(
  { link, answers, rttMs, lastFailure }: TunnelHealth,
  event: TunnelHealthEvent,
  at: Date,
): Facts {
  const failure = lastFailure ? { lastFailure } : {};
  switch (event.type) {
    case 'connected':
      return {
        link: event.link,
        answers: link === 'none' ? relinked(answers, 'connected') : answers,
        rttMs,
        ...failure,
      };
    case 'disconnected':
      return {
        link: 'none',
        answers: relinked(answers, 'disconnected'),
        rttMs: {},
        lastFailure: { at, why: event.why },
      };
    case 'probe-ok': {
      const { direction } = event;
      const outcome = event.rttMs > SLOW_MS ? 'slow' : 'prompt';
      return {
        link,
        answers: { ...answers, [direction]: AFTER_PROBE[answers[direction]][outcome] },
        rttMs: { ...rttMs, [direction]: event.rttMs },
        ...failure,
      };
    }
    case 'probe-failed': {
      const { direction, why } = event;
      return {
        link,
        answers: { ...answers, [direction]: AFTER_PROBE[answers[direction]].missed },
        rttMs,
        lastFailure: { at, why, direction },
      };
    }
    case 'reported': {
      const { direction, answer } = event;
      const latest =
        event.failure && event.failure.at > (lastFailure?.at ?? new Date(0)) ? event.failure : lastFailure;
      return {
        link,
        answers: { ...answers, [direction]: answer },
        rttMs: event.rttMs === undefined ? rttMs : { ...rttMs, [direction]: event.rttMs },
        ...(latest ? { lastFailure: latest } : {}),
      };
    }
  }
}

function relinked(
  answers: TunnelHealth['answers'],
  how: 'connected' | 'disconnected',
): TunnelHealth['answers'] {
  return {
    'to-vma': AFTER_LINK[answers['to-vma']][how],
    'to-oma': AFTER_LINK[answers['to-oma']][how],
  };
}

const SAID: Readonly<Record<Exclude<TunnelAnswer, 'unasked' | 'prompt'>, string>> = {
  slow: 'answers slowly',
  'missed-once': 'missed a probe',
  'missed-twice': 'has missed probes',
  silent: 'does not answer',
};
const NAMED: Readonly<Record<TunnelDirection, string>> = {
  'to-vma': 'The way to the VMA',
  'to-oma': 'The way to the OMA',
};

function because(state: TunnelHealthState, { link, answers, lastFailure }: Facts): string {
  if (link === 'none') return lastFailure?.why ?? 'It has not connected yet.';
  if (state === 'up') return 'Both directions answer.';
  const parts = TUNNEL_DIRECTIONS.flatMap((direction) => {
    const answer = answers[direction];
    if (answer === 'unasked' || answer === 'prompt') return [];
    const why =
      GRADE[answer] !== 'fine' && answer !== 'slow' && lastFailure?.direction === direction
        ? `: ${lastFailure.why}`
        : '';
    return [`${NAMED[direction]} ${SAID[answer]}${why}`];
  });
  if (link === 'some') parts.push('Some of its connections are missing');
  return parts.map((part) => part.replace(/\.?$/, '.')).join(' ');
}
