// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import type { Rule } from '../rule.ts';
import type { Right, Role } from '../statement/rights.ts';
import type { Bell, BellReport } from '../statement/request.ts';
import type { Alarm } from '../sync/alarms.ts';
import type { Heard, Snooze, Visit } from '../sync/alerts.ts';
import type { Door, DoorWish, OpenResult, SetResult, Wish } from '../sync/doors.ts';
import type { ChannelReport } from '../statement/channel.ts';
import type { Integration } from '../statement/integration.ts';
import type { AddResult, OutsideWish } from '../sync/outside.ts';
import type { Wishes } from '../sync/create.ts';
import type { Again } from '../sync/again.ts';
import type { Brought } from '../sync/bring.ts';
import type { FaultKind } from '../sync/fault.ts';
import type { Shown } from '../sync/gesture.ts';
import type { ExportProgress, Exported } from '../sync/home.ts';
import type { Playing } from '../sync/playbacks.ts';
import type { InvitePhase, OfferWish } from '../sync/inviting.ts';
import type { FoundCamera } from '../statement/finding.ts';
import type { Offer } from '../statement/invite.ts';
import type { ShownCamera } from '../sync/finding.ts';
import type { JoinNames } from '../sync/join.ts';
import type { Erased, Erasing } from '../sync/leaving.ts';
import type { EndWord } from '../statement/live.ts';
import type { LookList } from '../sync/looks.ts';
import type { Starred } from '../sync/stars.ts';
import type { Stretch } from '../sync/stretches.ts';
import type { ChangePhase, MembersState } from '../sync/members.ts';
import type { MoveState } from '../sync/moving.ts';
import type { MadePasskey, PasskeyWish, ReturnAnswer } from '../sync/passkey.ts';
import type { Subscription } from '../statement/request.ts';
import type { Phone } from '../sync/phones.ts';
import type { Covered } from '../sync/masks.ts';
import type { Mask } from '../statement/masks.ts';
import type { Form, Light, LightReport, Recorded } from '../statement/request.ts';
import type { Named, Trail } from '../sync/people.ts';
import type { Picture } from '../sync/pictures.ts';
import type { PrivateSetting, PrivateWish } from '../sync/private.ts';
import type { Asking, HubAskView } from '../sync/second.ts';
import type { Timeline } from '../sync/timeline.ts';
import type { Relay } from '../sync/cloud.ts';
import type { Quiet, QuietWeek } from '../sync/quiets.ts';
import type { Challenged } from '../sync/order.ts';
import type { Agreed } from '../sync/views.ts';
import type { TurnedOffCamera, WatchedView } from '../sync/watched.ts';

/** What page and worker say to each other. */
export type Phase = 'starting' | 'unable' | 'anonymous' | 'joining' | 'ready' | 'gone';
export type JoinStep = 'keys' | 'asking' | 'words' | 'hub' | 'history';
export type CreateStep = 'finding' | 'keys' | 'hub';

export interface HomeState {
  readonly id: string;
  readonly person: string;
  readonly device: string;
  readonly zone: string;
  readonly since: number;
  /** Cameras that were removed: what they recorded is there for a while. */
  readonly former: readonly Named[];
}

export interface CameraState {
  readonly id: string;
  readonly name: string;
  /** Where it is, if somebody has said so. */
  readonly room?: string;
  /** It takes sound at an address of its own, which only the hub knows. */
  readonly speaker?: true;
  readonly state: 'ok' | 'waiting' | 'lost' | 'unconnected' | 'private' | 'uncovered' | 'unsaid';
  readonly lostSince?: number;
  /** Since when it is private, and by whom where that is known. */
  readonly off?: TurnedOffCamera;
  /** This device may look at it live now. */
  readonly live: boolean;
  /** The camera sends sound, by the hub's word. */
  readonly sound?: boolean;
  /** How its picture is coded, by the hub's word: h264, h265. */
  readonly video?: string;
  /** Why a viewer or guest may not see it now. */
  readonly shut?: 'hours' | 'early' | 'ended';
}

export interface TrustState {
  readonly checking: boolean;
  readonly checkedAt: number | null;
  readonly hubHeardAt: number | null;
  readonly cloudReachable: boolean;
  /** What is shown comes from the hub itself, at home. */
  readonly atHome: boolean;
  /** The hub does not answer this device, though the cloud does. */
  readonly hubAway: boolean;
  /** The cloud treats this device as a stranger's. */
  readonly refused: boolean;
  readonly clockOff: number | null;
  readonly lag: number;
  readonly alarms: readonly Alarm[];
}

export interface Founded extends Wishes {
  readonly hubCode: string;
}

export interface Beginning {
  readonly sheetWords: string[];
  readonly household: string;
}

/** What came along to a new hub, and what it has to be given again. */
export interface Replaced {
  readonly stars: Brought;
  readonly again: Again;
}

/** Each call with its arguments and its result. */
export interface Calls {
  readInvitation: { args: [link: string]; result: Offer };
  join: { args: [link: string, names: JoinNames]; result: void };
  /** What came along to a new hub, if one was put in; else null. */
  recover: {
    args: [words: string, deviceName: string, hubCode: string];
    result: Replaced | null;
  };
  replaceHub: { args: [hubCode: string]; result: Replaced };
  agreeHub: { args: [ask: string]; result: void };
  declineHub: { args: [ask: string]; result: void };
  comeBack: { args: [answer: ReturnAnswer, deviceName: string]; result: void };
  wishPasskey: { args: []; result: PasskeyWish };
  usePasskey: { args: [made: MadePasskey]; result: string };
  create: { args: [wish: Founded]; result: Beginning };
  confirmSheet: { args: []; result: void };
  trail: { args: []; result: readonly Trail[] };
  readNews: { args: []; result: void };
  removeDevice: { args: [device: string]; result: void };
  removePerson: { args: [person: string]; result: void };
  askRemoval: { args: [person: string]; result: void };
  secondRemoval: { args: [ask: string]; result: void };
  objectRemoval: { args: [person: string]; result: void };
  outBySheet: { args: [person: string, words: string]; result: 'done' | 'another' };
  leave: { args: []; result: void };
  invite: { args: [offer: OfferWish, origin: string]; result: { id: string; link: string } };
  confirmInvited: { args: [invitation: string]; result: void };
  declineInvited: { args: [invitation: string]; result: void };
  setRights: { args: [person: string, role: Role, rights: readonly Right[]]; result: string };
  newSheet: { args: []; result: Beginning };
  checkSheet: { args: [words: string]; result: 'right' | 'another' };
  useSheet: { args: [rotate: boolean]; result: string };
  /** The digits that the hub shows, or a passkey's word, for an invitation or a change. */
  giveCode: { args: [id: string, shown: Shown]; result: void };
  cancelChange: { args: [change: string]; result: void };
  addCamera: { args: [name: string, url: string, room: string, form?: Form]; result: void };
  lookForCameras: { args: []; result: readonly FoundCamera[] };
  tryCamera: { args: [found: string, user: string, password: string]; result: ShownCamera };
  addFound: { args: [found: string, name: string, room: string, form?: Form]; result: void };
  checkCameras: { args: []; result: readonly string[] };
  renameCamera: { args: [id: string, name: string]; result: void };
  /** `room` is `''` for none. */
  setRoom: { args: [id: string, room: string]; result: void };
  removeCamera: { args: [id: string]; result: void };
  /** `url` is `''` for none; the chime is heard there first. */
  setSpeaker: { args: [camera: string, url: string]; result: void };
  trySpeaker: { args: [camera: string]; result: void };
  /** Lights at cameras, lit while somebody looks; `null` for none. */
  lights: { args: []; result: readonly LightReport[] };
  setLight: { args: [camera: string, light: Light | null]; result: void };
  tryLight: { args: [camera: string]; result: void };
  askNewest: { args: []; result: void };
  /** In which form cameras are recorded. */
  recorded: { args: []; result: readonly Recorded[] };
  setRecorded: { args: [camera: string, form: Form]; result: void };
  /** What is covered of pictures. */
  masks: { args: []; result: readonly Covered[] };
  childRooms: { args: []; result: readonly string[] };
  doors: { args: []; result: readonly Door[] };
  setDoor: {
    args: [camera: string, wish: DoorWish | null, shown: Shown | null];
    result: SetResult;
  };
  wishOpen: { args: [camera: string]; result: Wish | OpenResult };
  openDoor: { args: [act: string, shown: Shown | null]; result: OpenResult };
  /** Who is told outside of Keyhold. */
  channels: { args: []; result: readonly ChannelReport[] };
  integrations: { args: []; result: readonly Integration[] };
  addOutside: { args: [wish: OutsideWish, shown: Shown | null]; result: AddResult };
  testChannel: { args: [name: string]; result: ChannelReport };
  removeChannel: { args: [name: string]; result: void };
  removeIntegration: { args: [name: string]; result: boolean };
  setChildRoom: { args: [camera: string, on: boolean]; result: void };
  setMasks: { args: [camera: string, masks: readonly Mask[], last: number]; result: boolean };
  /** The key that this browser subscribes to, for alerts while no page is open. */
  alertKey: { args: []; result: Bytes };
  subscribeAlerts: { args: [to: Subscription, language: string, tag: string]; result: void };
  unsubscribeAlerts: { args: []; result: void };
  alertsWanted: { args: []; result: boolean };
  testAlert: { args: []; result: void };
  phones: { args: []; result: readonly Phone[] };
  /** What is set to be private. */
  privates: { args: []; result: readonly PrivateSetting[] };
  setPrivate: { args: [camera: string, wish: Partial<PrivateWish>]; result: void };
  /** The moments of a camera that are kept for longer than everything else. */
  stars: { args: [camera: string]; result: readonly Starred[] };
  setStar: { args: [camera: string, moment: number, on: boolean]; result: void };
  /** Who rang, visit by visit, and the picture of one moment. */
  visits: { args: [from: number]; result: readonly Visit[] };
  moment: { args: [camera: string, number: number]; result: Picture | null };
  /** Until when this person wants to hear nothing of a camera. */
  snoozes: { args: []; result: readonly Snooze[] };
  snooze: { args: [camera: string, until: number]; result: void };
  /** At which hours of the week this person wants to hear nothing; null: the hub keeps none. */
  quiets: { args: []; result: QuietWeek | null };
  setQuiet: { args: [camera: string, hours: Quiet['hours']]; result: void };
  /** By what cameras are heard to ring. */
  bells: { args: []; result: readonly BellReport[] };
  setBell: { args: [camera: string, bell: Bell]; result: readonly string[] };
  /** Asks the hub to show cameras; the connection is made in the page. */
  offerView: {
    /** `lost`: the way to the hub was lost, so the one to the cloud may be as well. */
    args: [cameras: readonly string[], sdp: string, lost: boolean];
    result: Agreed;
  };
  /** Signs that the hub shall do something at a camera now. */
  signAct: { args: [challenged: Challenged]; result: string };
  endView: { args: [view: string]; result: void };
  /** By which a connection leads to the hub away from home. */
  relays: { args: []; result: readonly Relay[] };
  looks: { args: [from: number]; result: LookList };
  timeline: { args: [camera: string, from: number, until: number]; result: Timeline };
  preview: { args: [camera: string, at: number]; result: Picture | null };
  openPlayback: { args: [camera: string, from: number, until: number]; result: Playing };
  read: { args: [playback: string, index: number]; result: Uint8Array };
  closePlayback: { args: [playback: string]; result: void };
  exportRange: { args: [camera: string, from: number, until: number]; result: Exported };
  /** The same out of the segments that begin in the range. */
  exportStretch: { args: [camera: string, from: number, until: number]; result: Exported };
  stretches: { args: [camera: string, from: number, until: number]; result: readonly Stretch[] };
  eraseAll: { args: []; result: string };
  keepAll: { args: []; result: void };
  move: { args: [address: string]; result: void };
  moveOn: { args: []; result: void };
  /** The household has moved already. */
  follow: { args: [address: string]; result: void };
  /** Somebody has read that it is done. */
  readMove: { args: []; result: void };
  /** Has the cloud that was left erase everything. */
  eraseLeft: { args: []; result: string };
  /** Where the cloud is that the household is with. */
  cloudAddress: { args: []; result: string };
  receipt: { args: []; result: Erased | null };
  /** Deletes this browser's keys and everything that it keeps. */
  forget: { args: []; result: void };
  acknowledge: { args: [alarm: string]; result: void };
}

export type CallName = keyof Calls;

/** What the digits for moving are given under: there is one move at a time. */
export const moveId = 'move';

export interface WireFault {
  readonly kind: FaultKind;
  readonly message: string;
  readonly id?: string;
  readonly rule?: Rule;
}

export type ToWorker =
  | {
      readonly start: {
        readonly origin: string;
        /** In `keyhold app`, which knows ways to more than one cloud. */
        readonly own: boolean;
        readonly mutant: readonly string[];
      };
    }
  | { readonly call: number; readonly name: CallName; readonly args: readonly unknown[] }
  | { readonly abort: number }
  /** The page has written a piece of an export, or could not. */
  | { readonly written: number; readonly failed: boolean };

export type FromWorker =
  | { readonly phase: Phase }
  | { readonly home: HomeState | null }
  | { readonly cameras: readonly CameraState[] }
  | { readonly trust: TrustState }
  | { readonly newest: { readonly camera: string; readonly picture: Picture } }
  | { readonly grown: string }
  | { readonly members: MembersState }
  | { readonly erasing: Erasing | null }
  | { readonly moving: MoveState | null }
  | { readonly hubAsks: readonly HubAskView[] }
  /** How far a call of `replaceHub` is with the other owners. */
  | { readonly asking: number; readonly value: Asking }
  | { readonly watched: readonly WatchedView[] }
  | { readonly rang: Heard }
  | { readonly ended: { readonly view: string; readonly word: EndWord } }
  | { readonly invitation: { readonly id: string; readonly phase: InvitePhase } }
  | { readonly change: { readonly id: string; readonly phase: ChangePhase } }
  | {
      readonly step: number;
      readonly name: JoinStep | CreateStep;
      readonly words?: readonly string[];
    }
  | { readonly progress: number; readonly value: ExportProgress }
  | { readonly piece: number; readonly bytes: Uint8Array }
  | { readonly done: number; readonly value: unknown }
  | { readonly failed: number; readonly fault: WireFault };
