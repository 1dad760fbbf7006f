// SPDX-License-Identifier: Apache-2.0

import { fromBase32, type Bytes } from '../bytes.ts';
import { must } from '../mutant.ts';
import { RuleError, ruleOf, type Rule } from '../rule.ts';
import { Envelope } from '../statement/dsse.ts';
import { checkHalf, type Half } from '../statement/half.ts';
import { eraOfRun } from '../statement/hubs.ts';
import { beginsOf } from '../statement/pairing.ts';
import { lately, linkAge, openSecond, withSecond, type Second } from '../statement/second.ts';
import type { Engine } from './engine.ts';
import { Fault } from './fault.ts';
import type { Letters } from './letters.ts';
import type { Named } from './people.ts';
import { mustSee } from './see.ts';

/** Another owner's wish for a second signature on a link that puts in a hub. */
interface HubAsk {
  readonly id: string;
  readonly half: Half;
  readonly text: Bytes;
}

/** The same as a page shows it. */
export interface HubAskView {
  readonly id: string;
  readonly by: Named;
  readonly device: Named;
  readonly at: number;
  readonly until: number;
  /** How the code of the new hub has to begin. */
  readonly begins: string;
}

/** What becomes of a wish of one's own. */
export interface Asking {
  readonly until: number;
  /** How the code of the new hub begins: the others are shown the same. */
  readonly begins: string;
  /** The owners who were asked, and those of them who do not want it. */
  readonly asked: readonly string[];
  readonly declined: readonly string[];
}

/** Those who have not answered are asked again: a device that was away hears of it when it is back. */
const again = 60_000;
/** What is left of the link's time for the hub. */
const forHub = 60_000;
const overlap = 15 * 60_000;
const maxRuns = 256;

/** The roster is not what it was when the link was made. */
const moved: readonly Rule[] = ['roster-seq', 'roster-prev', 'roster-time'];

/** Two owners who put in a hub together (docs/protocol.md 8), from both sides. */
export class Seconds {
  private list: readonly HubAsk[] = [];

  constructor(
    private readonly engine: Engine,
    private readonly letters: Letters,
    private readonly changed: () => void,
  ) {
    letters.on('second', (from, text) => this.take(from, text));
  }

  /** What still waits for this person's word: of each owner the newest. */
  views(nameOf: (id: string) => string): HubAskView[] {
    const { cloud, known } = this.engine;
    const waits = ({ half }: HubAsk): boolean =>
      half.link.at + linkAge > cloud.now() && half.link.seq === known.roster.head.seq + 1;
    return this.list.filter(waits).map(({ id, half: { by, device, link, op } }) => ({
      id,
      by: { id: by, name: nameOf(by) },
      device: { id: device, name: nameOf(device) },
      at: link.at,
      until: link.at + linkAge,
      begins: beginsOf(op.hub),
    }));
  }

  /** What does not hold is nothing, and is shown to nobody. */
  private async take(from: string, text: Bytes): Promise<void> {
    let half: Half;
    try {
      half = await this.read(from, text);
    } catch (error) {
      if (error instanceof Fault || ruleOf(error) !== null) return;
      throw error;
    }
    const id = half.envelope.hashText();
    if (this.list.some((one) => one.id === id)) return;
    const others = this.list.filter((one) => one.half.by !== half.by);
    const newer = this.list.some((o) => o.half.by === half.by && o.half.link.at > half.link.at);
    if (newer) return;
    this.list = [...others, { id, half, text }];
    this.changed();
  }

  /**
   * Holds what another device sent against the newest that this one can see: who signed, since when
   * that is an owner, what the link goes on from, how old it is, and where it lets the old hub's
   * record end.
   */
  async read(from: string, text: Bytes): Promise<Half> {
    const { engine } = this;
    await mustSee(engine);
    const half = await checkHalf(engine.known.roster, text);
    const { device, person } = engine.member;
    const another = half.device === from && half.by !== person;
    must(another, 'signer', 'not signed by whoever asks, or by a device of the same person');
    const voice = engine.known.roster.hasVoice(device, half.link.at);
    must(voice, 'signer', 'this person has not been an owner for a week');
    lately(half.link.at, engine.cloud.now());
    await this.checkEnds(half);
    return half;
  }

  private async checkEnds({ link, op }: Half): Promise<void> {
    const { known, runs } = this.engine;
    const named = new Map(op.runs.map((one) => [one.run, one]));
    for (const { name, tree } of runs.values()) {
      if (!eraOfRun(known.roster, name).era.current) continue;
      const { at, size } = tree.checkpoint;
      const end = named.get(name);
      named.delete(name);
      if (end !== undefined) {
        const root = fromBase32(end.root) ?? new Uint8Array(0);
        await tree.follows({ run: name, size: end.size, root });
      }
      const short = (end?.size ?? 0) < size && at < link.at - overlap && op.runs.length < maxRuns;
      must(!short, 'rolled-back', 'the link leaves out what the old hub has recorded');
    }
    const unknown = [...named.values()].some(({ size }) => size > 0);
    must(!unknown, 'rolled-back', 'the link names a part of the record that is not shown here');
  }

  /** Signs the very link that was shown, if it still holds. */
  async agree(id: string): Promise<void> {
    const ask = this.find(id);
    const { device, envelope } = ask.half;
    try {
      const half = await this.read(device, ask.text);
      const whole = await half.envelope.sign(this.engine.member.signer);
      await this.engine.known.roster.propose(whole.encode());
      const own = whole.signatures.find(({ keyid }) => keyid === this.engine.member.device);
      await this.answer(device, envelope, 'yes', own!.sig);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      if (!moved.includes(error.rule)) throw error;
      await this.answer(device, envelope, 'stale');
      this.drop(id);
      throw new Fault('second-moved', error.message, undefined, error.rule);
    }
    this.drop(id);
  }

  async decline(id: string): Promise<void> {
    const { half } = this.find(id);
    await this.answer(half.device, half.envelope, 'no');
    this.drop(id);
  }

  private find(id: string): HubAsk {
    const ask = this.list.find((one) => one.id === id);
    if (ask === undefined) throw new Fault('not-found', 'nobody asks for this any more');
    return ask;
  }

  private drop(id: string): void {
    this.list = this.list.filter((one) => one.id !== id);
    this.changed();
  }

  private async answer(
    to: string,
    link: Envelope,
    answer: Second['answer'],
    signature: Uint8Array = new Uint8Array(0),
  ): Promise<void> {
    const { cloud, member } = this.engine;
    const { device, household, signer } = member;
    const said = { answer, at: cloud.now(), device, household, link: link.hashText(), signature };
    const envelope = await Envelope.signed('second', said, signer);
    await this.letters.post(to, 'seconded', envelope.encode());
  }

  /** Whether a link would hold if a second owner signed it, and there is one who could. */
  async needed(link: Envelope): Promise<boolean> {
    try {
      const half = await checkHalf(this.engine.known.roster, link.encode());
      return this.voices(half).length > 0;
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      return false;
    }
  }

  /** Devices of the other owners who have been that for long enough. */
  private voices({ by, link }: Half): { readonly id: string; readonly person: string }[] {
    const { roster } = this.engine.known;
    return roster.members.filter(({ id, person }) => person !== by && roster.hasVoice(id, link.at));
  }

  /** Has another owner sign the link, too. Null where the roster went on: the link is made again. */
  async collect(
    link: Envelope,
    onAsking: (asking: Asking) => void,
    signal: AbortSignal,
  ): Promise<Envelope | null> {
    const { cloud, known } = this.engine;
    const half = await checkHalf(known.roster, link.encode());
    const until = half.link.at + linkAge - forHub;
    const voices = this.voices(half);
    const asked = [...new Set(voices.map(({ person }) => person))];
    const declined: string[] = [];
    const begins = beginsOf(half.op.hub);
    const tell = (): void => onAsking({ until, begins, asked, declined: [...declined] });
    const ask = (): void => {
      for (const { id, person } of voices) {
        if (declined.includes(person)) continue;
        // Whoever cannot be reached now is asked again.
        this.letters.post(id, 'second', link.encode()).catch(() => undefined);
      }
    };
    const ends: (() => void)[] = [];
    try {
      return await new Promise((resolve, reject) => {
        const hear = async (from: string, text: Bytes): Promise<void> => {
          const second = await this.heard(from, text, link);
          if (second === null) return;
          const person = known.roster.personOf(from)?.id ?? '';
          if (second.answer === 'yes') {
            const both = withSecond(link, second);
            await known.roster.propose(both.encode());
            resolve(both);
          } else if (!asked.includes(person) || declined.includes(person)) return;
          else if (second.answer === 'stale') resolve(null);
          else if (declined.push(person) === asked.length) {
            reject(new Fault('second-declined', 'no other owner wants this hub'));
          } else tell();
        };
        const away = (): void => reject(new Fault('second-away', 'no other owner has answered'));
        const cancel = (): void => reject(new Fault('cancelled', 'given up'));
        ends.push(this.letters.on('seconded', (from, text) => hear(from, text).catch(reject)));
        const [asking, late] = [setInterval(ask, again), setTimeout(away, until - cloud.now())];
        ends.push(() => clearInterval(asking));
        ends.push(() => clearTimeout(late));
        signal.addEventListener('abort', cancel);
        ends.push(() => signal.removeEventListener('abort', cancel));
        if (signal.aborted) cancel();
        tell();
        ask();
      });
    } finally {
      for (const end of ends) end();
    }
  }

  /** An answer to this link; null for one to an earlier try, or for nobody's. */
  private async heard(from: string, text: Bytes, link: Envelope): Promise<Second | null> {
    const { cloud, known } = this.engine;
    try {
      const second = await openSecond(text, known.roster, cloud.now());
      return second.device === from && second.link === link.hashText() ? second : null;
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      return null;
    }
  }
}
