// SPDX-License-Identifier: Apache-2.0
import type { Alerting } from './alerting';
import type { Findable } from './finding';
import type { Going } from './leaving';
import type { Doors } from './doors';
import type { Looking } from './looking';
import type { Movable } from './moving';
import type { Named, People, Shut } from './people';
import type { Outside } from './outside';
import type { Covering } from './covers';
import type { Form, Recordable } from './recording';
import type { Turning } from './privacy';
import type { Keeping } from './stars';
import type { Ringing } from './ringing';
import type { Lighting } from './lighting';
import type { Speaking } from './speaking';

/**
 * The seam between the pages and the protocol.
 *
 * The pages know nothing of keys, statements, packs or the network: they see one `Household`.
 * `@keyhold/protocol` implements it against a real cloud (mostly in a worker); the states page
 * implements it from drawn scenes. Everything that reaches a page through this interface has
 * already been verified; what did not verify arrives as an `Alarm`, never as a picture.
 *
 * Times are milliseconds UTC since 1970 unless a name says `seconds`. Ids are opaque strings.
 * Every promise that fails rejects with a `HouseholdError`, whose `kind` chooses the words.
 */
export interface Household
  extends
    People,
    Going,
    Looking,
    Movable,
    Findable,
    Turning,
    Covering,
    Keeping,
    Ringing,
    Lighting,
    Speaking,
    Doors,
    Alerting,
    Outside,
    Recordable {
  /** Where this app was served from. Recovery words are shown and typed on `own` alone. */
  readonly place: Place;

  readonly phase: Live<Phase>;
  /** Null until `phase` is `ready`. */
  readonly home: Live<Home | null>;
  /** In the household's own order. Empty is a state with a page of its own. */
  readonly cameras: Live<readonly Camera[]>;
  readonly trust: Live<Trust>;

  /**
   * Fetches the hub's keys, checks them against the code, makes this device's keys and the
   * sheet. Nothing is sent before `confirmSheet`: a reload in between loses nothing.
   * Only at place `own`.
   */
  create(wish: NewHousehold, onStep: (step: CreateStep) => void): Promise<NewSheet>;
  /** Called after three words were typed back: sends genesis, waits for the hub, forgets the words. */
  confirmSheet(onStep: (step: CreateStep) => void): Promise<void>;

  /**
   * Resolves when the hub has answered that the camera gives a picture it can record. `camera-form`:
   * it sends H.265, and somebody has to say in which form to record that.
   */
  addCamera(name: string, url: string, room: string, form?: Form): Promise<void>;
  removeCamera(id: string): Promise<void>;
  /** Everybody who sees the camera reads the new name. */
  renameCamera(id: string, name: string): Promise<void>;
  /** The same of its room; `''` is none. */
  setRoom(id: string, room: string): Promise<void>;

  /** Asks the hub to let the open packs leave early. Harmless to repeat; never rejects. */
  askNewest(): void;

  /** What is recorded and what is missing in [from, until). Both lists sorted, not overlapping. */
  timeline(camera: string, from: number, until: number): Promise<Timeline>;
  /** Runs when a camera's timeline grew or changed. */
  onTimeline(run: (camera: string) => void): Unsubscribe;

  /** The verified preview picture nearest to `at`, at most a minute away; else null. */
  preview(camera: string, at: number, signal: AbortSignal): Promise<Picture | null>;

  /**
   * The segments of [from, until), ready to be read one by one. The pages ask for a whole day;
   * fetch statements are signed as stretches are first read, so that a look names what was looked at.
   */
  openPlayback(camera: string, from: number, until: number): Promise<Playback>;

  /**
   * Writes one MP4 into `sink`, which it closes when done and aborts when it fails.
   * `onProgress` counts what was verified and written. Signs a fetch statement.
   */
  exportRange(
    camera: string,
    from: number,
    until: number,
    sink: WritableStream<Uint8Array>,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<ExportResult>;

  /** The person has read it. The alarm stays in `trust.alarms` with `acknowledgedAt` set. */
  acknowledge(alarm: string): Promise<void>;
}

export type Unsubscribe = () => void;

/** A value that changes: `subscribe` runs at once with the present value, then at each change. */
export interface Live<T> {
  get(): T;
  subscribe(run: (value: T) => void): Unsubscribe;
}

/** `own`: `keyhold app` on this computer. `operator`: the cloud's origin. */
export type Place = 'own' | 'operator';

export type Phase =
  | 'starting' // reading this device's keys
  | 'unable' // this browser cannot make the keys that a device needs
  | 'anonymous' // this browser belongs to no household
  | 'joining' // join or create is under way
  | 'ready'
  | 'gone'; // this device, or its person, does not belong to the household any more

export interface Home {
  id: string;
  person: string;
  device: string;
  /** IANA name, such as Europe/Berlin: days on the strip are days there. */
  zone: string;
  /** When this device joined. */
  since: number;
  /** Cameras that were removed: what they recorded is still there for a while. */
  former: readonly Named[];
}

export interface Camera {
  id: string;
  name: string;
  /** Where it is, if somebody has said so. */
  room?: string;
  /** It takes sound at an address of its own, which only the hub knows. */
  speaker?: true;
  /**
   * `waiting`: added, no picture yet. `lost`: the hub says that it does not answer. `unconnected`: an
   * earlier hub had it, and `addCamera` under its name has to say where it is. `private`: somebody
   * turned it off at its source. `uncovered`: a part of its picture is to be covered and cannot be, so
   * nothing of it is recorded or shown. `unsaid`: an earlier hub had it, and nobody has told the new
   * one what is covered; nothing of it is recorded or shown either.
   */
  state: 'ok' | 'waiting' | 'lost' | 'unconnected' | 'private' | 'uncovered' | 'unsaid';
  lostSince?: number;
  off?: Off;
  /** This device may look at it live now. */
  live: boolean;
  /** It sends sound, as far as the hub has said. */
  sound?: boolean;
  /** How its picture is coded, as far as the hub has said: h264, h265. */
  video?: string;
  /** For viewers and guests: it may not be seen now. */
  shut?: Shut;
  newest?: Picture;
}

/** Since when a camera is private, and by whom and what, as far as the hub has said. */
export interface Off {
  since: number;
  person?: Named;
  mine?: boolean;
  /** By what is set for all cameras; by hours of the week. */
  home?: boolean;
  hours?: boolean;
}

export interface Picture {
  at: number;
  /** Owned by the implementation; pages draw it and never close it. */
  bitmap: ImageBitmap;
}

export interface Trust {
  /** A check is running now. */
  checking: boolean;
  /** The last time that everything this device can read was checked without a fault. */
  checkedAt: number | null;
  /** `at` of the newest signed status or checkpoint of the hub. */
  hubHeardAt: number | null;
  /** False while the cloud does not answer this device. */
  cloudReachable: boolean;
  /** What is shown comes from the hub itself, at home: the cloud is away, or has not caught up yet. */
  atHome: boolean;
  /** The hub does not answer this device, though the cloud does. */
  hubAway: boolean;
  /**
   * By how much this device's clock is ahead of the cloud's, while the cloud refuses what the device
   * signs because of it; negative is behind. Null where the clock does not stand in the way.
   */
  clockOff: number | null;
  /** How far the hub's upload is behind, in milliseconds. */
  lag: number;
  /** Newest first. Never removed within a session. */
  alarms: readonly Alarm[];
}

export interface Alarm {
  id: string;
  /** The broken rule's exact name (docs/protocol.md); the pages choose the words by it. */
  rule: string;
  /** When this device noticed. */
  at: number;
  camera?: string;
  from?: number;
  until?: number;
  acknowledgedAt?: number;
  /** Anything JSON: what somebody else needs to check the claim. */
  proof: unknown;
}

export interface NewHousehold {
  personName: string;
  deviceName: string;
  hubCode: string;
  zone: string;
}

/** What the recovery sheet says. */
export interface NewSheet {
  sheetWords: string[];
  household: string;
  /** The address of the cloud. */
  cloud: string;
}

/** `words`: from afar alone; six words are compared by voice. */
export type JoinStep = 'keys' | 'asking' | 'words' | 'hub' | 'history';
export type CreateStep = 'finding' | 'keys' | 'hub';

export interface Timeline {
  recorded: readonly Range[];
  gaps: readonly Gap[];
  /** Nothing is known after this: not a gap, the future. */
  knownUntil: number;
}

export interface Range {
  from: number;
  until: number;
}

export interface Gap extends Range {
  /**
   * As in a gap's leaf; `unknown` where a hole is not explained by one; `unreadable` where something
   * may be recorded that this device was never given the key of.
   */
  reason: 'camera' | 'hub' | 'jump' | 'disk' | 'stopped' | 'private' | 'unreadable' | 'unknown';
}

export interface Playback {
  /** Sorted by `start`. */
  readonly spans: readonly Span[];
  /**
   * The opened and verified segment: one self-contained fragmented MP4. The page moves it to its
   * place on the media timeline, so that its own decode times may start anywhere.
   */
  read(index: number, signal: AbortSignal): Promise<Uint8Array>;
  close(): void;
}

export interface Span {
  /** Arrival times at the hub. */
  start: number;
  end: number;
  /** How long it plays. */
  mediaSeconds: number;
}

export interface Progress {
  done: number;
  total: number;
}

export interface ExportResult {
  /** What the file really covers: whole segments around the wish. */
  from: number;
  until: number;
  /** Missing pieces inside. */
  gaps: readonly Gap[];
  /** A file to stand beside the film: with it anybody can hold the film against the hub's word. */
  proof: Uint8Array;
}

export type ErrorKind =
  | 'invitation-used'
  | 'invitation-too-old'
  | 'invitation-wrong-household'
  | 'invitation-ended' // taken back, or whoever made it does not belong to the household any more
  | 'invitation-refused' // whoever made it said no
  | 'words-differ' // the six words were not the same on both sides
  | 'invitation-broken' // not a link of ours, or cut off
  | 'clock-wrong' // this device's clock; `Trust.clockOff` says by how much
  | 'browser-too-old' // lacks ML-KEM, X25519 or Ed25519 in WebCrypto
  | 'browser-live' // lacks H.264 for live pictures
  | 'already-joined'
  | 'hub-code-wrong' // unreadable, or the hub's keys do not match it
  | 'hub-code-used'
  | 'second-declined' // no other owner wants it
  | 'second-away' // none has answered in time
  | 'second-moved' // the household changed while somebody was asked
  | 'sheet-wrong' // not the words of a sheet
  | 'passkey-cancelled' // by somebody, or it took too long
  | 'passkey-exists' // a second one in the same place
  | 'passkey-gone' // no household knows it
  | 'passkey-unable' // browser or authenticator lack what it takes
  | 'hub-away'
  | 'inviter-away' // the device that made the invitation does not answer
  | 'cloud-away'
  | 'camera-unreachable'
  | 'camera-password'
  | 'camera-video' // nothing in its stream that a browser could play
  | 'camera-address' // none of a camera, or one where the hub does not go
  | 'camera-program' // it takes ffmpeg to read it, and the hub has none
  | 'camera-form' // nobody has said in which form to record it
  | 'camera-exists'
  | 'stars-full' // as many moments are starred as may be
  | 'camera-private' // somebody turned it off at its source
  | 'camera-covered' // another picture of it may show elsewhere what is covered
  | 'camera-no-bell' // it tells of no button
  | 'camera-no-speaker' // nothing there takes sound
  | 'camera-speaker-taken' // somebody else talks there
  | 'camera-no-relay' // it opens nothing itself
  | 'camera-relay-stays' // what it opens would stay open
  | 'light-none' // nothing is lit there
  | 'light-falls' // its relay would not stay on
  | 'light-door' // a door is opened there
  | 'light-away' // it does not answer
  | 'light-no' // it says no
  | 'camera-elsewhere' // its answers point at another device
  | 'address-wrong' // not the address of a cloud
  | 'other-cloud-away' // no cloud answers at another address
  | 'same-cloud' // the household is there already
  | 'hub-cannot-reach' // the other cloud, from where the hub is
  | 'not-movable' // the hub could not bring the whole record along
  | 'to-be-erased' // everything is going to be
  | 'hub-elsewhere' // the hub is not at the other cloud
  | 'record-differs' // what another cloud shows is not what this device has seen
  | 'not-allowed'
  | 'not-now' // given to this person, but not at this hour
  | 'busy' // the hub shows as much as it can
  | 'not-found'
  | 'fault' // did not verify: an alarm tells more
  | 'cancelled'
  | 'internal';

/** What every promise here rejects with: an Error that carries a kind. */
export interface HouseholdError extends Error {
  kind: ErrorKind;
  /** The error's id as the cloud gave it, for a support case. */
  id?: string;
}

/** The kind of anything that was thrown; `internal` for what is not a `HouseholdError`. */
export function kindOf(error: unknown): ErrorKind {
  if (error instanceof DOMException && error.name === 'AbortError') return 'cancelled';
  if (error instanceof Error && 'kind' in error && typeof error.kind === 'string') {
    return error.kind as ErrorKind;
  }
  return 'internal';
}
