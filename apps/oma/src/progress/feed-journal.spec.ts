import { describe, expect, it } from 'vitest';
import { FeedJournal, type Happening } from './feed-journal.js';

const fact = (subject: string): Happening => ({
  id: `evt_${subject}`,
  type: 'vma.approved',
  subject,
  data: {},
});
const measure = (subject: string, percent: number): Happening => ({
  type: 'job.progressed',
  subject,
  data: { percent },
});

const START_MS = Date.UTC(2026, 0, 1);

describe('the journal of the feed', () => {
  it('gives facts and measures one sequence, and tells again what came after a position', () => {
    const journal = new FeedJournal();
    journal.fact(fact('a'));
    const { epoch, seq } = journal.measure(measure('j', 1));
    const b = journal.fact(fact('b'));
    expect([seq, b.seq, journal.seq]).toEqual([2, 3, 3]);
    expect(journal.since({ epoch, seq })).toEqual([b]);
    expect(journal.since({ epoch, seq: 3 })).toEqual([]);
  });

  it('tells of many measures of one subject only the latest, in its place', () => {
    const journal = new FeedJournal();
    const { epoch } = journal.measure(measure('j', 1));
    journal.fact(fact('a'));
    journal.measure(measure('j', 2));
    journal.measure(measure('other', 9));
    journal.measure(measure('j', 3));
    const told = journal.since({ epoch, seq: 0 });
    expect(told?.map(({ seq, subject, data }) => [seq, subject, data['percent']])).toEqual([
      [2, 'a', undefined],
      [4, 'other', 9],
      [5, 'j', 3],
    ]);
    expect(journal.latest('job.progressed')).toHaveLength(2);
    journal.forgetMeasures('j');
    expect(journal.latest('job.progressed').map(({ subject }) => subject)).toEqual(['other']);
  });

  it('knows nothing of another epoch, and nothing of what has not happened', () => {
    const journal = new FeedJournal();
    const { epoch } = journal.fact(fact('a'));
    expect(journal.since({ epoch: 'feed_x', seq: 0 })).toBeUndefined();
    expect(journal.since({ epoch, seq: 2 })).toBeUndefined();
    expect(new FeedJournal().epoch).not.toBe(epoch);
  });

  it('keeps five minutes, however much happens in them', () => {
    let now = START_MS;
    const journal = new FeedJournal(() => now);
    const { epoch } = journal.fact(fact('0'));
    for (let i = 1; i < 10_000; i += 1) {
      now += 25;
      journal.fact(fact(String(i)));
    }
    expect(journal.since({ epoch, seq: 0 })).toHaveLength(10_000);
  });

  it('keeps a thousand facts, however old, and says so when one is missing', () => {
    let now = START_MS;
    const journal = new FeedJournal(() => now);
    const { epoch } = journal.fact(fact('0'));
    for (let i = 1; i < 3_000; i += 1) {
      now += 60_000;
      journal.fact(fact(String(i)));
    }
    expect(journal.since({ epoch, seq: 2_000 })).toHaveLength(1_000);
    expect(journal.since({ epoch, seq: 0 })).toBeUndefined();
    const positions = Array.from({ length: 3_000 }, (_, seq) => journal.since({ epoch, seq })?.length);
    // wherever there is an answer, nothing is missing in it
    positions.forEach((length, seq) => {
      if (length !== undefined) expect(length).toBe(3_000 - seq);
    });
  });

  it('never grows without end', () => {
    const journal = new FeedJournal(() => START_MS);
    const { epoch } = journal.fact(fact('0'));
    for (let i = 0; i < 30_000; i += 1) journal.fact(fact(String(i)));
    for (let i = 0; i < 10_000; i += 1) journal.measure(measure(String(i), 1));
    expect(journal.since({ epoch, seq: 0 })).toBeUndefined();
    expect(journal.since({ epoch, seq: 20_000 })?.length).toBeLessThanOrEqual(25_000);
  });
});
