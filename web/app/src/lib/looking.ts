// SPDX-License-Identifier: Apache-2.0
import type { ErrorKind, Live } from './household';
import type { Mask } from './covers';
import type { Action, Hours, Named, Own, Right, Role } from './people';
import { limited } from './rights';

/** Looking live, and who does and did: a part of `Household`. */
export interface Looking {
  /**
   * Who is watching live now, by the hub's signed word: everybody who may see the camera is told.
   * The oldest first. Names are empty where this device was never told them.
   */
  readonly watched: Live<readonly Watched[]>;

  /**
   * Watches cameras until `close`. All of it is one look, which the hub writes down and tells the
   * others before a picture leaves it.
   */
  live(cameras: readonly string[]): LiveView;

  /** Makes what `live` needs for one camera ahead of it. Harmless to repeat. */
  prepareLive(): void;

  /**
   * Somebody has touched what leads to a camera's live picture: asks for it while the page for it is
   * being made. `live` of the same camera takes it; what nobody takes ends soon. `atStart`: the app
   * begins with that page, which takes longer to come.
   */
  beginLive(camera: string, atStart?: boolean): void;

  /** The cameras in a child's room: there only owners and guardians talk, or listen live. */
  childRooms(): Promise<readonly string[]>;
  setChildRoom(camera: string, on: boolean): Promise<void>;

  /** Every look since a time, out of the verified record. Rejects for viewers and guests. */
  looks(from: number): Promise<LookList>;
}

/** One device that watches. */
export interface Watched {
  view: string;
  cameras: readonly Named[];
  person: Named;
  device: Named;
  since: number;
  /** Those of them by whose speaker they talk. */
  talking: readonly Named[];
  /** By this person, on whichever device. */
  mine: boolean;
  /** On this device. */
  here: boolean;
}

export type LiveState =
  | { step: 'connecting' }
  | { step: 'on' }
  /** Nothing comes now; it is being tried again. `no-way`: the hub answers, its pictures do not come. */
  | { step: 'again'; reason: ErrorKind | 'lost' | 'no-way' }
  /** Trying again by itself would change nothing. */
  | { step: 'over'; reason: ErrorKind };

/** Talking by a camera's speaker; nobody there hears anything but while it is `on`. */
export type TalkState =
  | { step: 'off' }
  | { step: 'asking' }
  /** Whoever is near the camera is told by a sound. */
  | { step: 'chime' }
  | { step: 'on' }
  /** The hub has spoken a quick reply to its end. */
  | { step: 'said' }
  /** Not, or not any more: why, and the person who talks there already. */
  | { step: 'refused'; word: string; by: string };

/** A short text that the hub speaks, in the language that it is in. */
export interface QuickReply {
  readonly language: 'de' | 'en' | 'nl';
  readonly text: string;
}

export interface LiveVoice {
  /** Cameras with a speaker, as far as is known. */
  readonly cameras: Live<readonly string[]>;
  /** Those by which the hub can speak quick replies. */
  readonly replies: Live<readonly string[]>;
  readonly state: Live<TalkState>;
  /** The same of a quick reply; nothing of this device is heard then. */
  readonly replying: Live<TalkState>;
  /** How loud the microphone is, from 0 to 1. */
  readonly level: Live<number>;
  /** Talks from now on, until `release`; the browser asks for the microphone. */
  hold(camera: string): void;
  release(): void;
  /** Has the hub speak a text there, until its end or `release`. */
  reply(camera: string, text: QuickReply): void;
}

export interface LiveView {
  readonly state: Live<LiveState>;
  /** Cameras that send the hub no picture. */
  readonly silent: Live<readonly string[]>;
  /** Cameras that have a second, smaller stream; null before the hub has said so. */
  readonly second: Live<readonly string[] | null>;
  /** Cameras whose smaller stream is sent because the line carries no more. */
  readonly narrow: Live<readonly string[]>;
  readonly voice: LiveVoice;
  picture(camera: string): Live<MediaStream | null>;
  /**
   * Whose pictures are wanted from now on; before, all are. What is not shown is still looked at.
   * Where they are shown small, a second stream does.
   */
  show(cameras: readonly string[], small?: boolean): void;
  /** Lets one camera be heard, or none: nothing is heard before. */
  hear(camera: string | null): void;
  /** Tries once more what is over. */
  again(): void;
  close(): void;
}

export type LookKind =
  | 'live'
  | 'talk'
  | 'open'
  | 'history'
  | 'tiles'
  | 'export'
  | 'private'
  | 'masks'
  | 'star'
  | 'child'
  | 'lock';

/** How it went that a door was opened; '' as long as the lock has not answered. */
export type DoorOutcome = '' | 'opened' | 'unanswered' | 'refused' | 'late' | 'lost';

/** What somebody set about what is to be seen: that it is off, what is covered, or that a moment is kept. */
export interface LookSet {
  readonly on: boolean;
  readonly hours: readonly Hours[];
  readonly masks: readonly Mask[];
  /** 0 for what is no star. */
  readonly moment: number;
  /** What the door is called that is opened there from then on. */
  readonly door?: string;
}

export interface Look {
  id: string;
  kind: LookKind;
  person: Named;
  device: Named;
  /** As the roster was then; null for nobody whom it knew. */
  role: Role | null;
  rights: readonly Right[];
  mine: boolean;
  cameras: readonly Named[];
  at: number;
  /** When it was over; of several in a row, when the last of them began. */
  until: number;
  /** Its end is not written yet. */
  open: boolean;
  /** Which recordings; null for live. */
  footage: { from: number; until: number } | null;
  count: number;
  /** What they set; null for a look. Of `cameras` one may be `household`: all of them. */
  set: LookSet | null;
  /** The door that was opened, and how that went; null for all else. */
  door: { readonly name: string; readonly outcome: DoorOutcome } | null;
  /** What the hub spoke for them, where it did. */
  readonly reply?: string;
}

export interface LookList {
  /** Newest first. */
  looks: readonly Look[];
  /** How many entries of the record were proved for it, since when and up to when. */
  entries: number;
  from: number;
  until: number;
  /** Hours of a camera whose record this device has no key of. */
  closed: number;
}

/** Whether somebody may look at a camera live; whether at this hour is asked when they do. */
export const mayLive = (own: Own | null, camera: string): boolean => may(own, 'live', camera);

/** The same of opening its door, of hearing it, and of talking there. */
export const mayOpen = (own: Own | null, camera: string): boolean => may(own, 'open', camera);
export const mayHear = (own: Own | null, camera: string): boolean => may(own, 'listen', camera);
export const mayTalk = (own: Own | null, camera: string): boolean => may(own, 'talk', camera);

function may(own: Own | null, action: Action, camera: string): boolean {
  if (own === null || !limited(own.role)) return true;
  return own.rights.some(
    ({ actions, cameras }) =>
      actions.includes(action) && (cameras.length === 0 || cameras.includes(camera)),
  );
}
