// SPDX-License-Identifier: Apache-2.0

import { base32, random, type Bytes } from '../bytes.ts';
import { Sheet } from '../crypto/sheet.ts';
import { RuleError } from '../rule.ts';
import { Envelope } from '../statement/dsse.ts';
import type { Offer } from '../statement/invite.ts';
import type { Names } from '../statement/names.ts';
import { checkRights, type Right, type Role } from '../statement/rights.ts';
import { Asks, type AskView } from './asks.ts';
import type { Commands } from './commands.ts';
import type { Engine } from './engine.ts';
import { Fault, faultOf, type FaultKind } from './fault.ts';
import { appendNewest, Prompt, type NewNames, type Shown } from './gesture.ts';
import { give } from './give.ts';
import { Inviting, type InvitePhase, type OfferWish } from './inviting.ts';
import { namesOf, ownOf, peopleOf, trailOf, type Own, type PersonView } from './people.ts';
import type { Named, Self, Trail } from './people.ts';
import { passkeyLink, passkeyWanted, passkeyWish } from './passkey.ts';
import type { MadePasskey, PasskeyWanted, PasskeyWish } from './passkey.ts';
import { Removals } from './removals.ts';
import type { Store } from './store.ts';
import { withSheet } from './typed.ts';

export type ChangePhase =
  | { readonly step: 'sending' }
  | {
      readonly step: 'code';
      readonly wrong: boolean;
      /** Passkeys that can answer in place of the digits. */
      readonly passkey: PasskeyWanted | null;
    }
  | { readonly step: 'done' }
  | { readonly step: 'refused'; readonly reason: FaultKind };

export interface RemovalView {
  readonly id: string;
  readonly person: Named | null;
  readonly device: Named | null;
  readonly sentAt: number;
  readonly state: 'sent' | 'late' | 'in-force' | 'refused';
  readonly inForceAt?: number;
}

export interface MembersState {
  readonly own: Own | null;
  readonly people: readonly PersonView[];
  readonly news: readonly Trail[];
  readonly removals: readonly RemovalView[];
  readonly asks: readonly AskView[];
}

export interface MembersEvents {
  readonly state: (state: MembersState) => void;
  readonly invitation: (id: string, phase: InvitePhase) => void;
  readonly change: (id: string, phase: ChangePhase) => void;
}

interface Running {
  readonly code: (shown: Shown) => void;
  readonly cancel: () => void;
}

const newsKey = 'news';
const rotatePatience = 30_000;

/** Everything that concerns who belongs to the household: what a page shows and what it asks for. */
export class Members {
  private readonly removals: Removals;
  private readonly asks: Asks;
  private readonly invitations = new Map<string, Inviting>();
  private readonly changes = new Map<string, Running>();
  private readAt: number | null = null;
  private sheet: Sheet | null = null;
  /** Newest looks that were seen on record, by device. */
  private readonly seen = new Map<string, number>();

  constructor(
    private readonly engine: Engine,
    private readonly commands: Pick<Commands, 'send'>,
    private readonly store: Store,
    private readonly self: () => Self,
    private readonly events: MembersEvents,
  ) {
    this.asks = new Asks(engine, commands, () => this.tell());
    this.removals = new Removals(
      engine.member,
      commands,
      store,
      engine.alarms,
      () => engine.known.roster,
      () => engine.cloud.now(),
      () => this.tell(),
      (link) => engine.takeLink(link),
      () => engine.refused,
    );
  }

  /** Goes on where the session before ended. */
  async start(): Promise<void> {
    this.readAt = (await this.store.get<number>(newsKey)) ?? null;
    await this.removals.load();
    await this.look();
  }

  /** Called after each look at the roster. */
  async look(): Promise<void> {
    if (this.readAt === null) await this.readNews();
    await this.removals.look();
    this.tell();
    void this.asks.look();
  }

  noteLook(device: string, at: number): void {
    if (at > (this.seen.get(device) ?? 0)) this.seen.set(device, at);
  }

  private tell(): void {
    const { roster, names } = this.engine.known;
    const self = this.self();
    const now = this.engine.cloud.now();
    this.events.state({
      own: ownOf(roster, self.device, now),
      people: peopleOf(roster, names, self, this.seen, now).map((one) => ({
        ...one,
        may: { ...one.may, ask: this.asks.mayAsk(one.id) },
      })),
      news: this.news(),
      removals: this.removals.all().map((one) => {
        const { id, device, person, name, sentAt, state, inForceAt } = one;
        return {
          id,
          person: person === '' ? null : { id: person, name },
          device: device === '' ? null : { id: device, name },
          sentAt,
          state,
          ...(inForceAt === undefined ? {} : { inForceAt }),
        };
      }),
      asks: this.asks.views(namesOf(names, self)),
    });
  }

  trail(): Trail[] {
    const { roster, names } = this.engine.known;
    const self = this.self();
    const own = ownOf(roster, self.device, this.engine.cloud.now());
    return own?.people === true ? trailOf(roster, names, self) : [];
  }

  /** What changed in the roster since this device read it last, but for what it did itself. */
  private news(): Trail[] {
    const { roster, names } = this.engine.known;
    const self = this.self();
    const own = ownOf(roster, self.device, this.engine.cloud.now());
    return trailOf(roster, names, self).filter(
      ({ seq, by, person }) =>
        seq > (this.readAt ?? roster.head.seq) &&
        by.device?.id !== self.device &&
        (own?.people === true || person?.id === self.person),
    );
  }

  async readNews(): Promise<void> {
    this.readAt = this.engine.known.roster.head.seq;
    await this.store.set(newsKey, this.readAt);
    this.tell();
  }

  removeDevice(device: string): Promise<void> {
    return this.removals.remove({ device }, this.nameOf(device));
  }

  removePerson(person: string): Promise<void> {
    return this.removals.remove({ person }, this.nameOf(person));
  }

  /** Asks the other owners to say the same. */
  askRemoval(person: string): Promise<void> {
    return this.asks.ask(person);
  }

  /** Says the same as another owner. */
  async second(ask: string): Promise<void> {
    const { person, removal } = await this.asks.seconded(ask);
    await this.removals.carry({ device: '', person }, this.nameOf(person), removal);
  }

  async object(person: string): Promise<void> {
    await this.asks.object(person);
    await this.look();
  }

  /**
   * Announces with typed words of the recovery sheet that an owner is to be removed, or, once that
   * was announced three days ago, removes them.
   */
  async outBySheet(person: string, words: string): Promise<'done' | 'another'> {
    const answer = await withSheet(words, this.engine.known.roster, async (signer) => {
      if (this.engine.known.roster.state.announced.has(person)) {
        const removal = await this.asks.due(person, signer);
        await this.removals.carry({ device: '', person }, this.nameOf(person), removal);
      } else {
        await this.asks.announce(person, signer);
        await this.look();
      }
    });
    return answer === 'right' ? 'done' : 'another';
  }

  leave(): Promise<void> {
    return this.removePerson(this.engine.member.person);
  }

  private nameOf(id: string): string {
    return namesOf(this.engine.known.names, this.self())(id);
  }

  async invite(offer: OfferWish, origin: string): Promise<{ id: string; link: string }> {
    const id = base32(random(8));
    const { roster, names } = this.engine.known;
    const own = ownOf(roster, this.self().device, this.engine.cloud.now());
    if (offer.kind === 'person' && own?.manages.includes(offer.role) !== true) {
      throw new Fault('not-allowed', 'this is not yours to give');
    }
    const whole = wholeOffer(offer, names);
    const inviting = new Inviting(this.engine, this.commands, whole, origin, (phase) => {
      this.events.invitation(id, phase);
      if (phase.step === 'done' || phase.step === 'refused') this.invitations.delete(id);
    });
    await inviting.lay(this.nameOf(this.engine.member.person));
    this.invitations.set(id, inviting);
    void inviting.run();
    return { id, link: inviting.link };
  }

  confirm(invitation: string): void {
    this.invitations.get(invitation)?.confirm();
  }

  decline(invitation: string): void {
    this.invitations.get(invitation)?.decline();
  }

  /** The digits that the hub shows, or a passkey's word, for an invitation or a change. */
  code(id: string, shown: Shown): void {
    this.invitations.get(id)?.code(shown);
    this.changes.get(id)?.code(shown);
  }

  cancel(change: string): void {
    this.changes.get(change)?.cancel();
  }

  setRights(person: string, role: Role, rights: readonly Right[]): string {
    try {
      checkRights(role, rights);
    } catch (error) {
      if (error instanceof RuleError) throw new Fault('not-allowed', error.message);
      throw error;
    }
    return this.change(() =>
      this.newLink({ kind: 'set-rights', person, role, rights: [...rights] }),
    );
  }

  newSheet(): { sheetWords: string[]; household: string } {
    this.sheet?.forget();
    this.sheet = Sheet.make();
    return { sheetWords: this.sheet.words(), household: this.engine.member.household };
  }

  useSheet(rotate: boolean): string {
    const { sheet } = this;
    if (sheet === null) throw new Fault('not-found', 'no sheet is being made');
    return this.change(
      async () => {
        const [signer, reader] = await Promise.all([sheet.signer(), sheet.reader()]);
        const keys = { sign: signer.publicKey, reader: reader.publicKey };
        return (await this.newLink({ kind: 'new-sheet', sheet: keys })).sign(signer);
      },
      async () => {
        sheet.forget();
        if (this.sheet === sheet) this.sheet = null;
        const { engine } = this;
        // Else the new sheet would open nothing old.
        await give(
          engine,
          engine.member.signer,
          'sheet',
          () => true,
          () => undefined,
        );
        if (rotate) await this.commands.send({ kind: 'rotate' }, rotatePatience);
      },
    );
  }

  wishPasskey(): PasskeyWish {
    return passkeyWish(this.engine);
  }

  /** Brings in a passkey that the browser has made, and gives it the keys of what was recorded. */
  usePasskey(made: MadePasskey): string {
    const { engine } = this;
    const build = (): Promise<Envelope> => passkeyLink(engine, engine.known.roster, made);
    const hand = async (): Promise<void> => {
      made.answer.fill(0);
      await give(
        engine,
        engine.member.signer,
        made.id,
        () => true,
        () => undefined,
      );
    };
    return this.change(build, hand, { name: made.name });
  }

  /** Whether typed words are those of the sheet in force. Nothing is sent. */
  checkSheet(words: string): Promise<'right' | 'another'> {
    return withSheet(words, this.engine.known.roster, () => Promise.resolve());
  }

  private newLink(op: Parameters<Engine['known']['roster']['newLink']>[1]): Promise<Envelope> {
    const { cloud, known, member } = this.engine;
    return known.roster.newLink(cloud.now(), op).sign(member.signer);
  }

  /** Runs a change of the roster; what becomes of it is told by events. */
  private change(
    build: () => Promise<Envelope>,
    then?: () => Promise<void>,
    names: NewNames = {},
  ): string {
    const id = base32(random(8));
    const prompt = new Prompt<Shown>();
    const tell = (phase: ChangePhase): void => this.events.change(id, phase);
    this.changes.set(id, { code: (shown) => prompt.give(shown), cancel: () => prompt.cancel() });
    const run = async (): Promise<void> => {
      try {
        const checked = async (): Promise<Envelope> => {
          const link = await build();
          await this.engine.known.roster.propose(link.encode());
          return link;
        };
        const refresh = (): Promise<void> => this.engine.syncAfresh();
        const code = async (wrong: boolean, challenge: Bytes): Promise<Shown> => {
          const answer = prompt.ask();
          tell({ step: 'code', wrong, passkey: passkeyWanted(this.engine, challenge) });
          const shown = await answer;
          tell({ step: 'sending' });
          return shown;
        };
        const reply = await appendNewest(this.commands, checked, refresh, { code }, names);
        await this.engine.takeLink(reply.result.link ?? (new Uint8Array(0) as Bytes));
        await then?.();
        await this.look();
        tell({ step: 'done' });
      } catch (error) {
        const reason = error instanceof RuleError ? 'not-allowed' : faultOf(error).kind;
        tell({ step: 'refused', reason });
      } finally {
        this.changes.delete(id);
      }
    };
    // The caller learns the id before the first word about it.
    queueMicrotask(() => void run());
    return id;
  }

  close(): void {
    for (const inviting of this.invitations.values()) inviting.decline();
    for (const { cancel } of this.changes.values()) cancel();
  }
}

/** The offer with the names of the cameras that it is about. */
function wholeOffer(wish: OfferWish, names: Names | null): Omit<Offer, 'from'> {
  if (wish.kind === 'device') {
    const nothing = { cameras: [], name: '', rights: [], role: '' as const, slow: false };
    return { ...nothing, kind: 'device', history: true };
  }
  const { kind, name, role, rights, slow, history } = wish;
  const all = rights.some((one) => one.cameras.length === 0);
  const meant = new Set(rights.flatMap((one) => one.cameras));
  const cameras = (names?.cameras ?? [])
    .filter((one) => one.state === 'on' && (all || meant.has(one.id)))
    .map((one) => ({ id: one.id, name: one.name }));
  return { kind, name, role, rights: [...rights], slow, history, cameras };
}
