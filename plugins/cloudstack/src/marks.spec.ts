import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carries, markOf, markedName } from './marks.js';

describe('the mark of a key', () => {
  it('is the same for ever, and another one for another key and for another kind of thing', () => {
    expect(markOf('volume', 'a-key')).toBe('osseada90b12b001c');
    expect(markOf('volume', 'a-key')).not.toBe(markOf('volume', 'b-key'));
    expect(markOf('volume', 'a-key')).not.toBe(markOf('machine', 'a-key'));
  });

  it('stands at the end of a name that CloudStack takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const mark = markOf('volume', 'a-key');
        const marked = markedName(name, mark);
        expect(carries(marked, mark)).toBe(true);
        expect(marked.length).toBeLessThanOrEqual(255);
        expect(marked).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  it.each(['', 'A', 'a_b', 'a'.repeat(65)])('is refused for the key %j', (key) => {
    expect(() => markOf('volume', key)).toThrowError(
      expect.objectContaining({ code: 'request.invalid' }) as Error,
    );
  });
});
