// SPDX-License-Identifier: Apache-2.0

import type { Relay } from '../sync/cloud.ts';
import { fault } from './outside.ts';
import type { ActTold, ChallengeTold } from './voice.ts';

/** What happens to a connection. */
export interface ConnectionEvents {
  /** Pictures of each camera, in the order of the offer, and the sound of the one that is heard. */
  readonly tracks: (pictures: readonly MediaStreamTrack[], sound: MediaStreamTrack) => void;
  /** What is wanted can be said now. */
  readonly open: () => void;
  readonly connected: () => void;
  /** It does not come back by itself. */
  readonly lost: () => void;
  /**
   * Which cameras the hub says send nothing, which have a second, smaller stream, which a speaker,
   * which are sent small because the line carries no more, and where it can speak itself.
   */
  readonly told: (
    silent: readonly string[],
    second: readonly string[],
    speakers: readonly string[],
    narrow: readonly string[],
    replies: readonly string[],
  ) => void;
  /** How something goes that the hub was asked to do, and what it wants to be signed for it. */
  readonly act: (told: ActTold) => void;
  readonly challenged: (told: ChallengeTold) => void;
}

/** What the hub is asked for besides pictures; one of them. */
export interface Saying {
  readonly ask?: { readonly action: string; readonly target: string };
  readonly act?: string;
  readonly hush?: string;
}

/** A connection that is quiet for so long is given up: another one is quicker than waiting. */
const quiet = 2_000;
const often = 500;
const connectPatience = 8_000;
const bundlePolicy = 'max-bundle';

/**
 * One WebRTC connection to the hub (docs/protocol.md 14.2). It asks for a way only the hub and the
 * relays that the cloud gives. The description that comes back says which certificate is at the other
 * end, and the browser connects to no other: a relay passes on what it cannot read.
 */
export class Connection {
  private readonly peer: RTCPeerConnection;
  private pulse: ReturnType<typeof setInterval> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private over = false;
  private events: ConnectionEvents | null = null;
  private readonly channel: RTCDataChannel;
  private readonly voice: RTCRtpSender | null = null;
  /** Some camera is known to send nothing. */
  private silent = false;
  /** Of the others a hub of an earlier version would not know what is meant. */
  private second: readonly string[] = [];
  private wanted: { hear: string; show: readonly string[]; small: readonly string[] } | null = null;
  /**
   * What is offered to the hub. The browser's own addresses are left out: without a right to the
   * camera it tells them as names that mean nothing to the hub, which learns them when it is called.
   * So it can be sent before the relays are known.
   */
  readonly offer: Promise<string>;
  /** It looks for ways from here on. */
  private readonly ready: Promise<void>;

  constructor(
    readonly cameras: number,
    relays: Promise<readonly Relay[]>,
    /** Whether the hub may be one that lets people talk. */
    talks = true,
  ) {
    this.peer = new RTCPeerConnection({ bundlePolicy });
    const codecs = codecsOf(RTCRtpReceiver.getCapabilities('video')?.codecs ?? []);
    if (!codecs.some(({ mimeType }) => mimeType === 'video/H264')) {
      this.peer.close();
      throw fault('browser-live', 'this browser has no H.264 for live pictures');
    }
    for (let place = 0; place < cameras; place++) {
      const one = this.peer.addTransceiver('video', { direction: 'recvonly' });
      one.setCodecPreferences(codecs);
      // Nothing is held back for smoothness: what is seen is now.
      if ('jitterBufferTarget' in one.receiver) one.receiver.jitterBufferTarget = 0;
    }
    const sound = this.peer.addTransceiver('audio', { direction: 'recvonly' });
    const voices = RTCRtpReceiver.getCapabilities('audio')?.codecs ?? [];
    sound.setCodecPreferences(voices.filter(({ mimeType }) => mimeType === 'audio/opus'));
    if (talks) {
      // Every browser speaks it, and cameras hear it: nothing has to be coded anew on the way.
      const voice = this.peer.addTransceiver('audio', { direction: 'sendonly' });
      voice.setCodecPreferences(voices.filter(({ mimeType }) => mimeType === 'audio/PCMU'));
      this.voice = voice.sender;
    }
    this.channel = this.peer.createDataChannel('keyhold', { negotiated: true, id: 0 });
    this.channel.onmessage = ({ data }: MessageEvent<unknown>) => this.told(data);
    this.channel.onopen = () => this.events?.open();
    this.peer.onconnectionstatechange = () => this.changed();
    const offer = this.peer.createOffer();
    this.offer = offer.then(({ sdp = '' }) => sdp);
    this.offer.catch(() => undefined);
    this.ready = this.begin(offer, relays);
    this.ready.catch(() => undefined);
  }

  private async begin(
    offer: Promise<RTCSessionDescriptionInit>,
    relays: Promise<readonly Relay[]>,
  ): Promise<void> {
    const iceServers = (await relays).map(({ urls, username, credential }) => ({
      urls: [...urls],
      username,
      credential,
    }));
    const made = await offer;
    if (iceServers.length > 0) this.peer.setConfiguration({ bundlePolicy, iceServers });
    await this.peer.setLocalDescription(made);
  }

  /** Connects; from here on `events` are told. */
  async answer(sdp: string, events: ConnectionEvents): Promise<void> {
    this.events = events;
    await this.ready;
    await this.peer.setRemoteDescription({ type: 'answer', sdp });
    const tracks = this.peer.getTransceivers().map(({ receiver }) => receiver.track);
    events.tracks(tracks.slice(0, this.cameras), tracks[this.cameras]!);
    if (this.peer.connectionState !== 'connected') this.giveUpAfter(connectPatience);
  }

  /** Says whose sound is wanted, or nobody's, whose pictures, and which of them are shown small. */
  want(hear: string, show: readonly string[], small: readonly string[]): void {
    this.wanted = { hear, show, small };
    if (this.channel.readyState !== 'open') return;
    const second = small.filter((camera) => this.second.includes(camera));
    const less = second.length > 0 ? { small: second } : {};
    this.channel.send(JSON.stringify({ hear, show, ...less }));
  }

  /** Lets the microphone be heard by the hub, or nothing. */
  async speak(track: MediaStreamTrack | null): Promise<void> {
    await this.voice?.replaceTrack(track).catch(() => undefined);
  }

  /** Asks the hub for what it says that it has. */
  say(what: Saying): void {
    if (this.channel.readyState === 'open') this.channel.send(JSON.stringify(what));
  }

  close(): void {
    this.over = true;
    clearTimeout(this.timer);
    clearInterval(this.pulse);
    this.peer.close();
  }

  private giveUpAfter(pause: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.lose(), pause);
  }

  private lose(): void {
    if (this.over) return;
    this.close();
    this.events?.lost();
  }

  private changed(): void {
    if (this.over) return;
    const state = this.peer.connectionState;
    if (state === 'connected') {
      clearTimeout(this.timer);
      this.events?.connected();
      this.feel();
    } else if (state === 'disconnected') this.giveUpAfter(quiet);
    else if (state === 'failed' || state === 'closed') this.lose();
  }

  /** Pictures that come no more tell sooner than the browser does that the way is gone. */
  private feel(): void {
    let seen = 0;
    let since = performance.now();
    clearInterval(this.pulse);
    this.pulse = setInterval(() => void count(), often);
    const count = async (): Promise<void> => {
      const now = await packets(this.peer);
      if (now !== seen || this.silent || document.visibilityState !== 'visible') {
        seen = now;
        since = performance.now();
      } else if (performance.now() - since > quiet) this.lose();
    };
  }

  private told(data: unknown): void {
    if (typeof data !== 'string') return;
    const said = JSON.parse(data) as Told;
    if (said.act) this.events?.act(said.act);
    if (said.challenge) this.events?.challenged(said.challenge);
    const { cameras } = said;
    if (!cameras) return;
    const ids = (which: (one: CameraTold) => boolean): string[] =>
      cameras.filter(which).map(({ camera }) => camera);
    const silent = ids(({ state }) => state === 'waiting');
    this.silent = silent.length > 0;
    const before = this.second.join();
    this.second = ids(({ small }) => small === true);
    const speakers = this.voice === null ? [] : ids(({ talk }) => talk === true);
    const narrow = ids((one) => one.narrow === true);
    const replies = this.voice === null ? [] : ids(({ reply }) => reply === true);
    this.events?.told(silent, this.second, speakers, narrow, replies);
    const { wanted } = this;
    if (wanted !== null && this.second.join() !== before) {
      this.want(wanted.hear, wanted.show, wanted.small);
    }
  }
}

/** What the hub says of a camera. */
interface CameraTold {
  readonly camera: string;
  readonly state: string;
  readonly small?: boolean;
  readonly narrow?: boolean;
  readonly talk?: boolean;
  readonly reply?: boolean;
}

interface Told {
  readonly cameras?: readonly CameraTold[];
  readonly act?: ActTold;
  readonly challenge?: ChallengeTold;
}

async function packets(peer: RTCPeerConnection): Promise<number> {
  let sum = 0;
  for (const report of (await peer.getStats()).values() as Iterable<RTCInboundRtpStreamStats>) {
    if (report.type === 'inbound-rtp') sum += report.packetsReceived ?? 0;
  }
  return sum;
}

/** The hub sends what cameras send, and repeats what was lost. */
function codecsOf(all: readonly RTCRtpCodec[]): RTCRtpCodec[] {
  return all.filter(
    ({ mimeType, sdpFmtpLine = '' }) =>
      mimeType === 'video/rtx' ||
      (mimeType === 'video/H264' && sdpFmtpLine.includes('packetization-mode=1')),
  );
}
