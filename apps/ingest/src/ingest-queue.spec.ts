import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { Intake } from '@threadline/channels/intake';
import type { EventsAnswer } from '@threadline/contracts/events-answer';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { EventGroups } from './event-group.js';
import { IngestQueue } from './ingest-queue.js';
import { BATCH, bench, brief, event, NOW, type Bench } from './small-ingest.js';

describe('two groups at once', () => {
  interface Gated {
    readonly bench: Bench;
    /** The ids of each group that may be written. */
    readonly began: string[][];
    /** Lets that group be written. */
    readonly go: PromiseWithResolvers<void>[];
    /** Groups that were begun while another with one of their streams or events was under way. */
    readonly clashes: () => number;
    readonly submit: (...events: JsonObject[]) => Promise<EventsAnswer>;
    readonly idle: () => Promise<unknown>;
  }

  /** A queue whose groups wait for `go` before they are written; or several, in turn, that know nothing of each other. */
  const gated = async (queues = 1): Promise<Gated> => {
    const opened = await bench();
    const { store, vault } = opened;
    const groups = new EventGroups(store, vault);
    const began: string[][] = [];
    const go: PromiseWithResolvers<void>[] = [];
    const underWay = new Set<ReadonlySet<string>>();
    let clashes = 0;
    const write: EventGroups['write'] = async (candidates) => {
      began.push(candidates.map(({ event: { cloudEvent } }) => cloudEvent.id));
      const names = new Set(candidates.flatMap(({ stream, event: { eventId } }) => [stream, eventId]));
      if ([...underWay].some((other) => [...names].some((name) => other.has(name)))) clashes++;
      underWay.add(names);
      const gate = Promise.withResolvers<void>();
      go.push(gate);
      await gate.promise;
      await groups.write(candidates);
      underWay.delete(names);
    };
    const all = Array.from(
      { length: queues },
      () =>
        new IngestQueue({
          groups: { write },
          intake: new Intake({ hash: (...parts) => vault.hash(...parts) }),
          clock: () => NOW,
          unforeseen: () => undefined,
          groupsAtOnce: 2,
        }),
    );
    let submitted = 0;
    const submit = (...events: JsonObject[]): Promise<EventsAnswer> =>
      (all[submitted++ % queues] as IngestQueue).submit({
        topic: '',
        headers: { 'content-type': BATCH },
        body: Buffer.from(JSON.stringify(events)),
      });
    const idle = (): Promise<unknown> => Promise.all(all.map((queue) => queue.idle()));
    return { bench: opened, began, go, clashes: () => clashes, submit, idle };
  };
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await nextTurn();
  };

  it('are written where they have nothing in common, and no third', async () => {
    const { bench: opened, began, go, submit, idle } = await gated();
    const answers = [submit(event('1', { object: 'a' }))];
    await turns();
    answers.push(submit(event('2', { object: 'b' })));
    await turns();
    answers.push(submit(event('3', { object: 'c' })));
    await turns();
    assert.deepEqual(began, [['1'], ['2']]);
    go[1]?.resolve();
    assert.equal((await answers[1])?.status, 202);
    await turns();
    assert.deepEqual(began, [['1'], ['2'], ['3']]);
    for (const gate of go) gate.resolve();
    await idle();
    assert.deepEqual((await Promise.all(answers)).map(brief), [
      [202, 1, 0],
      [202, 1, 0],
      [202, 1, 0],
    ]);
    await opened.close();
  });

  it('are written one after the other where they share an interaction or an event', async () => {
    const { bench: opened, began, go, submit, idle } = await gated();
    const answers = [submit(event('1', { object: 'a' }))];
    await turns();
    answers.push(submit(event('2', { object: 'a' })));
    await turns();
    assert.deepEqual(began, [['1']]);
    go[0]?.resolve();
    await answers[0];
    await turns();
    // The same name with another object: another interaction, and a conflict.
    answers.push(submit(event('2', { object: 'b' })));
    await turns();
    assert.deepEqual(began, [['1'], ['2']]);
    go[1]?.resolve();
    await answers[1];
    await turns();
    go[2]?.resolve();
    await idle();
    assert.deepEqual(
      (await Promise.all(answers)).map(({ status }) => status),
      [202, 202, 400],
    );
    assert.deepEqual(
      opened.log().map(({ revision }) => revision),
      [0, 1],
    );
    await opened.close();
  });

  /** Requests about a few interactions, with groups let go in whatever order: of one run the most clashes. */
  async function mostClashes(queues?: number): Promise<number> {
    let worst = 0;
    const request = fc.record({
      id: fc.nat(6),
      object: fc.constantFrom('a', 'b', 'c'),
      release: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 4, maxLength: 12 }), async (requests) => {
        const { bench: opened, go, clashes, submit, idle } = await gated(queues);
        const answers: Promise<EventsAnswer>[] = [];
        let released = 0;
        for (const { id, object, release } of requests) {
          answers.push(submit(event(String(id), { object: `${object}${id % 2}` })));
          await turns();
          // The later of two first: what comes after must not overtake all the same.
          if (release) go[go.length - 1 - (released++ % 2)]?.resolve();
        }
        const done = idle();
        for (let open = true; open; await nextTurn()) {
          for (const gate of go) gate.resolve();
          open = (await Promise.race([done.then(() => 'done'), turns()])) !== 'done';
        }
        await Promise.allSettled(answers);
        await opened.close();
        worst = Math.max(worst, clashes());
      }),
      { numRuns: 12 },
    );
    return worst;
  }

  it('never share an interaction or an event, in whatever order they are written', async () => {
    assert.equal(await mostClashes(), 0);
  });

  it('are found to, of two queues that know nothing of each other (the sabotage)', async () => {
    assert.ok((await mostClashes(2)) > 0);
  });
});
