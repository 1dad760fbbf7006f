// SPDX-License-Identifier: Apache-2.0

import type { Right, Role } from '../statement/rights.ts';
import type { InvitePhase, OfferWish } from '../sync/inviting.ts';
import type { ChangePhase, MembersState } from '../sync/members.ts';
import type { Trail } from '../sync/people.ts';
import { Value, type Change, type Invitation, type Live, type Place } from './handles.ts';
import { fault, passkeysPossible } from './outside.ts';
import type { Port } from './port.ts';
import type { Beginning, CallName, Calls } from './wire.ts';

/** The part of a household that is about who belongs to it. */
export abstract class PeopleClient {
  abstract readonly place: Place;
  protected abstract readonly port: Port;

  private readonly ownValue = new Value<MembersState['own']>(null);
  private readonly peopleValue = new Value<MembersState['people']>([]);
  private readonly newsValue = new Value<MembersState['news']>([]);
  private readonly removalsValue = new Value<MembersState['removals']>([]);
  private readonly asksValue = new Value<MembersState['asks']>([]);
  private readonly invitations = new Map<string, Value<InvitePhase>>();
  private readonly changes = new Map<string, Value<ChangePhase>>();

  readonly own: Live<MembersState['own']> = this.ownValue;
  readonly people: Live<MembersState['people']> = this.peopleValue;
  readonly news: Live<MembersState['news']> = this.newsValue;
  readonly removals: Live<MembersState['removals']> = this.removalsValue;
  readonly asks: Live<MembersState['asks']> = this.asksValue;

  protected takeMembers({ own, people, news, removals, asks }: MembersState): void {
    this.ownValue.set(own);
    this.peopleValue.set(people);
    this.newsValue.set(news);
    this.removalsValue.set(removals);
    this.asksValue.set(asks);
  }

  protected invitation(id: string): Value<InvitePhase> {
    const phase = this.invitations.get(id) ?? new Value<InvitePhase>({ step: 'waiting' });
    this.invitations.set(id, phase);
    return phase;
  }

  protected change(id: string): Value<ChangePhase> {
    const phase = this.changes.get(id) ?? new Value<ChangePhase>({ step: 'sending' });
    this.changes.set(id, phase);
    return phase;
  }

  /** Whether a browser like this, at an address like this, may have passkeys at all. */
  passkeys(): boolean {
    return passkeysPossible();
  }

  /** Makes a passkey with the browser's own dialogue, and brings it in. */
  async addPasskey(name: string): Promise<Change> {
    const { makePasskey } = await import('./passkey.ts');
    const made = await makePasskey(await this.port.call('wishPasskey', []), name);
    const id = await this.port.call('usePasskey', [made]);
    made.answer.fill(0);
    return this.changeOf(id);
  }

  trail(): Promise<readonly Trail[]> {
    return this.port.call('trail', []);
  }

  readNews(): Promise<void> {
    return this.port.call('readNews', []);
  }

  removeDevice(device: string): Promise<void> {
    return this.port.call('removeDevice', [device]);
  }

  removePerson(person: string): Promise<void> {
    return this.port.call('removePerson', [person]);
  }

  askRemoval(person: string): Promise<void> {
    return this.port.call('askRemoval', [person]);
  }

  secondRemoval(ask: string): Promise<void> {
    return this.port.call('secondRemoval', [ask]);
  }

  objectRemoval(person: string): Promise<void> {
    return this.port.call('objectRemoval', [person]);
  }

  async outBySheet(person: string, words: string): Promise<'done' | 'another'> {
    this.mustBeOwn();
    return this.port.call('outBySheet', [person, words]);
  }

  leave(): Promise<void> {
    return this.port.call('leave', []);
  }

  async invite(offer: OfferWish): Promise<Invitation> {
    // One's own computer is nobody else's: the link leads to the operator's page.
    const origin =
      this.place === 'own' ? await this.port.call('cloudAddress', []) : location.origin;
    const { id, link } = await this.port.call('invite', [offer, origin]);
    return {
      link,
      phase: this.invitation(id),
      confirm: () => this.send('confirmInvited', [id]),
      decline: () => this.send('declineInvited', [id]),
      code: (digits) => this.send('giveCode', [id, digits]),
      passkey: () => this.show(id, this.invitation(id).get()),
    };
  }

  async setRights(person: string, role: Role, rights: readonly Right[]): Promise<Change> {
    return this.changeOf(await this.port.call('setRights', [person, role, rights]));
  }

  async newSheet(): Promise<Beginning & { cloud: string }> {
    this.mustBeOwn();
    return {
      ...(await this.port.call('newSheet', [])),
      cloud: await this.port.call('cloudAddress', []),
    };
  }

  async checkSheet(words: string): Promise<'right' | 'another'> {
    this.mustBeOwn();
    return this.port.call('checkSheet', [words]);
  }

  async useSheet({ rotate }: { readonly rotate: boolean }): Promise<Change> {
    this.mustBeOwn();
    return this.changeOf(await this.port.call('useSheet', [rotate]));
  }

  protected changeOf(id: string): Change {
    return {
      phase: this.change(id),
      code: (digits) => this.send('giveCode', [id, digits]),
      passkey: () => this.show(id, this.change(id).get()),
      cancel: () => this.send('cancelChange', [id]),
    };
  }

  /** Lets a passkey answer what the phase waits for. */
  protected async show(id: string, phase: InvitePhase | ChangePhase): Promise<void> {
    if (phase.step !== 'code' || phase.passkey === null) return;
    const { signByPasskey } = await import('./passkey.ts');
    this.send('giveCode', [id, await signByPasskey(phase.passkey)]);
  }

  /** A call whose outcome is told by a phase. */
  protected send<N extends CallName>(name: N, args: Calls[N]['args']): void {
    this.port.call(name, args).catch(() => undefined);
  }

  /** Words of a sheet are shown and typed on one's own computer alone. */
  protected mustBeOwn(): void {
    if (this.place !== 'own') throw fault('not-allowed', 'only on your own computer');
  }

  /** The cameras that are in a child's room. */
  childRooms(): Promise<readonly string[]> {
    return this.port.call('childRooms', []);
  }

  setChildRoom(camera: string, on: boolean): Promise<void> {
    return this.port.call('setChildRoom', [camera, on]);
  }
}
