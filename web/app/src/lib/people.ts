// SPDX-License-Identifier: Apache-2.0
import type { CreateStep, ErrorKind, JoinStep, Live, NewSheet } from './household';
import type { BroughtStars } from './stars';

/** What came along to a new hub, and what it has to be given again. */
export interface Replaced {
  readonly stars: BroughtStars;
  readonly again: SetUpAgain;
}

/** By name what only the old hub had, since a password or a secret belongs to it. */
export interface SetUpAgain {
  /** Cameras by id at which somebody could ring. */
  readonly bells: readonly string[];
  /** Cameras by id that took sound at an address of its own. */
  readonly speakers: readonly string[];
  /** Cameras by id at which a light was lit while somebody looked. */
  readonly lights: readonly string[];
  readonly doors: readonly { readonly camera: string; readonly name: string }[];
  readonly channels: readonly string[];
  readonly integrations: readonly string[];
}

/**
 * Who belongs to the household, as the pages see it: a part of `Household`.
 *
 * Everything here is out of the verified roster and the sealed names. Nothing is in force because
 * a page asked for it: a removal is in force once the hub has ordered it, and `removals` says when.
 */
export interface People {
  /** This device's own person, and what it may do. Null until `phase` is `ready`. */
  readonly own: Live<Own | null>;

  /**
   * Persons in the order of the roster. Viewers and guests are shown themselves alone: the others'
   * names are sealed to owners and guardians.
   */
  readonly people: Live<readonly Person[]>;

  /** What the roster says since it began, oldest first. Empty for viewers and guests. */
  trail(): Promise<readonly Trail[]>;

  /**
   * Devices, persons, sheets and hubs that came since this device last said `readNews`, other than
   * by its own doing. Oldest first. They stay until they were read, over a restart as well.
   */
  readonly news: Live<readonly Trail[]>;
  readNews(): Promise<void>;

  /** Removals that this device has asked for in this session or before. Newest first. */
  readonly removals: Live<readonly Removal[]>;

  /** What owners ask other owners for: to remove one of them. Oldest first; empty for others. */
  readonly asks: Live<readonly Ask[]>;
  /** Asks the other owners, but for the one to go, to say the same. */
  askRemoval(person: string): Promise<void>;
  /** Says the same as another owner; `removals` says what becomes of it. */
  secondRemoval(ask: string): Promise<void>;
  /** Ends a removal that was announced with the recovery sheet. */
  objectRemoval(person: string): Promise<void>;
  /**
   * Announces with typed words of the recovery sheet that an owner is to be removed; three days after
   * that was announced, removes them: `removals` says what becomes of it. Only at place `own`. Rejects
   * with `sheet-wrong` for words that are no sheet; `another`: it is not the one in force.
   */
  outBySheet(person: string, words: string): Promise<'done' | 'another'>;

  /** Makes an invitation and its link; it ends with its handle. Rejects for what one may not offer. */
  invite(offer: Offer): Promise<Invitation>;

  /** What an invitation offers, before this browser makes keys. Only while `anonymous`. */
  readInvitation(link: string): Promise<Offered>;

  /**
   * Becomes a further device, or a new person's first. `personName` is used for a person alone; the
   * preview's name is a suggestion. Words come with step `words`: the inviter has to see the same.
   */
  joinAs(
    link: string,
    names: { deviceName: string; personName: string },
    onStep: (step: JoinStep, words?: readonly string[]) => void,
  ): Promise<void>;

  /**
   * Comes back by the recovery sheet, with typed words. Only at place `own`. Rejects with
   * `sheet-wrong` for words that are no sheet and `not-found` for one that no household knows.
   * Tells what came along to a new hub; null without one.
   */
  recover(
    words: string,
    deviceName: string,
    onStep: (step: JoinStep) => void,
    /** The code of a new hub, if the hub is gone as well: it takes the old one's place first. */
    hubCode?: string,
  ): Promise<Replaced | null>;

  /**
   * Puts a new hub, known by the code that it shows, in the place of one that is broken or gone.
   * Where there are several owners, another one has to agree: `onAsking` says how that stands.
   * Rejects with `second-…` where nobody does, `not-allowed` where nobody could, `hub-code-…` else.
   * Tells what of the stars came along, and what is to be set up again.
   */
  replaceHub(
    hubCode: string,
    onStep: (step: CreateStep) => void,
    onAsking: (asking: HubAsking) => void,
    signal: AbortSignal,
  ): Promise<Replaced>;

  /** What other owners ask this one for: to agree to a new hub. */
  readonly hubAsks: Live<readonly HubAsk[]>;
  /** Signs for the very hub that was shown. Rejects with `second-moved` where that fits no more. */
  agreeHub(ask: string): Promise<void>;
  declineHub(ask: string): Promise<void>;

  /** Whether this browser knows passkeys at this address. What is behind them shows when one is made. */
  passkeys(): boolean;
  /**
   * Makes a passkey of this person's by the browser's own dialogue, and brings it in. Rejects with
   * `passkey-unable` where the authenticator cannot do what it takes, `passkey-exists` for a second
   * one in the same place, and `passkey-cancelled`.
   */
  addPasskey(name: string): Promise<Change>;
  /**
   * Comes back by a passkey. No step is told before the browser's dialogue is over. Rejects with
   * `passkey-gone` for one that no household knows.
   */
  returnByPasskey(deviceName: string, onStep: (step: JoinStep) => void): Promise<void>;

  /** Resolves when the removal was sent; `removals` says what becomes of it. */
  removeDevice(device: string): Promise<void>;
  removePerson(person: string): Promise<void>;
  /** This person leaves, with every device. The last owner cannot. */
  leave(): Promise<void>;

  /** Changes what somebody else may do. */
  setRights(person: string, role: Role, rights: readonly Right[]): Promise<Change>;

  /**
   * Makes a new sheet: the words of the old one are worth nothing once it is in force. Nothing is
   * sent before `useSheet`, which comes after three words were typed back. Only at place `own`.
   */
  newSheet(): Promise<NewSheet>;
  /**
   * The drill: whether these words are the sheet's that is in force. Only at place `own`; nothing is
   * sent. Rejects with `sheet-wrong` for words that are no sheet at all, which word is in `message`.
   */
  checkSheet(words: string): Promise<'right' | 'another'>;
  /** `rotate`: new keys for what is recorded from now on, after somebody used a bad page. */
  useSheet(options: { rotate: boolean }): Promise<Change>;
}

export type Role = 'owner' | 'guardian' | 'viewer' | 'guest';

/** Sorted where they stand in a list. */
export type Action = 'export' | 'history' | 'listen' | 'live' | 'open' | 'private' | 'talk';

/** What a viewer or guest may do; owners and guardians have none, and may everything. */
export interface Right {
  actions: readonly Action[];
  /** Empty: every camera. */
  cameras: readonly string[];
  /** Empty: always. Days: 1 is Monday. Minutes of the day, in `zone`. */
  hours: readonly Hours[];
  since: number;
  /** 0: no end. A guest's every right has one. */
  until: number;
  /** IANA name where there are hours, else empty. */
  zone: string;
}

export interface Hours {
  days: readonly number[];
  from: number;
  until: number;
}

export interface Own {
  person: string;
  device: string;
  role: Role;
  rights: readonly Right[];
  /** Roles that one may invite, and give. Empty for viewers and guests. */
  manages: readonly Role[];
  /** May see the others, their devices and the trail. */
  people: boolean;
  /** May add and remove cameras. */
  cameras: boolean;
  /** False for the last owner. */
  leave: boolean;
  /** The recovery sheet is this person's. */
  sheet: boolean;
}

export interface Person {
  id: string;
  /** As the household calls them; `` where the name is not known. */
  name: string;
  role: Role;
  rights: readonly Right[];
  since: number;
  devices: readonly Device[];
  /** They bring this person back, and do little else. */
  passkeys: readonly Passkey[];
  /** This device's own person. */
  me: boolean;
  /** The recovery sheet brings this person back. */
  sheet: boolean;
  /** When the removal of this owner was announced with the recovery sheet. */
  announced: number | null;
  may: { remove: boolean; rights: boolean; ask: boolean };
}

export interface Device {
  id: string;
  name: string;
  /**
   * Where its keys are: `native` in a browser that gives none out, `split` in one that gives out
   * half of one of them to no other page, `software` in a file.
   */
  storage: 'native' | 'split' | 'software' | 'passkey';
  since: number;
  /** The newest thing on record that it asked for in the last day, or null. */
  seen: number | null;
  /** The one in front of you. */
  me: boolean;
  may: { remove: boolean };
}

export interface Passkey extends Device {
  /** The address that it was made for. */
  origin: string;
  /** Copied to the person's other devices by the maker of the phone. */
  synced: boolean;
}

/** One sentence of the roster. Names are the present ones; `` where one is not known any more. */
export interface Trail {
  seq: number;
  at: number;
  kind:
    | 'genesis'
    | 'add-device'
    | 'add-person'
    | 'add-passkey'
    | 'set-rights'
    | 'remove-device'
    | 'remove-person'
    | 'new-sheet'
    | 'announce-removal'
    | 'object'
    | 'replace-hub';
  /** Who signed: a device or passkey of a person, the recovery sheet, or the hub alone. */
  by: { kind: 'device' | 'passkey' | 'sheet' | 'hub'; person: Named | null; device: Named | null };
  /** Who said the same, where it took two. */
  with?: Named;
  /** By this device's own person. */
  mine: boolean;
  person: Named | null;
  device: Named | null;
  storage?: Device['storage'];
  role?: Role;
  rights?: readonly Right[];
  /** With `set-rights`. */
  before?: { role: Role; rights: readonly Right[] };
}

export interface Named {
  id: string;
  name: string;
}

/** The word of one owner that another is to go. */
export interface Ask {
  id: string;
  person: Named;
  by: Named;
  mine: boolean;
  at: number;
  until: number;
}

/** Another owner's wish for a second signature. */
export interface HubAsk {
  id: string;
  by: Named;
  device: Named;
  at: number;
  until: number;
  /** How the new hub's code has to begin: six groups of four. */
  begins: string;
}

/** How one's own wish for a second signature stands. */
export interface HubAsking {
  until: number;
  begins: string;
  /** Persons, and those of them who said no. */
  asked: readonly string[];
  declined: readonly string[];
}

export interface Removal {
  id: string;
  /** Exactly one of both. */
  person: Named | null;
  device: Named | null;
  sentAt: number;
  /**
   * `sent`: not in force yet. `late`: not in force after a minute, which is an alarm (`withheld`).
   * `refused`: the hub said no.
   */
  state: 'sent' | 'late' | 'in-force' | 'refused';
  inForceAt?: number;
}

export type Offer =
  | { kind: 'device' }
  | {
      kind: 'person';
      /** The inviter's word for them; they may change it. */
      name: string;
      role: Role;
      rights: readonly Right[];
      /** From afar: six words are compared, and every right begins a day later. */
      slow: boolean;
      /** Give what was recorded before, too, as far as the rights reach back. */
      history: boolean;
    };

/** What an invitation promises. For a device of one's own everything but `from` is empty. */
export interface Offered {
  kind: 'device' | 'person';
  /** Whoever made it, as they are called at home. */
  from: string;
  name: string;
  role: Role | '';
  rights: readonly Right[];
  /** Names of the cameras in `rights`. */
  cameras: readonly Named[];
  slow: boolean;
  /** Keys to what was recorded before are handed over, too. */
  history: boolean;
}

export interface Invitation {
  readonly link: string;
  readonly phase: Live<InvitePhase>;
  /** At `arrived`: it is them, and the words are the same. */
  confirm(): void;
  /** At any time: ends it; whoever has the link is refused. */
  decline(): void;
  /** At `code`: the six digits that the hub shows. */
  code(digits: string): void;
  /** At `code`, where `passkey` is not null: asks for a passkey's word instead. */
  passkey(): Promise<void>;
}

export type InvitePhase =
  /** Nobody has opened the link yet. */
  | { step: 'waiting' }
  /** Only for a person. Six words where the offer is `slow`, else none. */
  | { step: 'arrived'; personName: string; deviceName: string; words: readonly string[] }
  | { step: 'sending' }
  /**
   * The hub wants to see somebody who stands before it, or the word of a passkey of theirs, which is
   * null where none is for this address. `wrong`: what was shown before was not it.
   */
  | { step: 'code'; wrong: boolean; passkey: object | null }
  /** Keys to what was recorded are being given. */
  | { step: 'history'; done: number; total: number }
  | { step: 'done'; person: string; device: string }
  | { step: 'refused'; reason: 'declined' | 'too-old' | ErrorKind };

/** A change of the roster that may need the hub's code. */
export interface Change {
  readonly phase: Live<ChangePhase>;
  /** At `code`. */
  code(digits: string): void;
  passkey(): Promise<void>;
  /** Gives up, unless the hub was quicker. */
  cancel(): void;
}

export type ChangePhase =
  | { step: 'sending' }
  | { step: 'code'; wrong: boolean; passkey: object | null }
  | { step: 'done' }
  | { step: 'refused'; reason: ErrorKind };

/** What a camera tells a viewer or guest while it may not be seen: outside its hours or dates. */
export type Shut = 'hours' | 'early' | 'ended';
