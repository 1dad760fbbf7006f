// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import type { Language } from './languages';

/** Who is told outside of the app, by the hub itself: a part of `Household`. Adults see it, owners change it. */
export interface Outside {
  channels(): Promise<readonly Channel[]>;
  integrations(): Promise<readonly Integration[]>;
  /** The hub wants to see somebody for it. What is secret in it is never shown again. */
  addOutside(wish: ChannelWish | IntegrationWish): Promise<AddStep>;
  /** Sends a word by a channel, and says how it does then. */
  testChannel(name: string): Promise<Channel>;
  removeChannel(name: string): Promise<void>;
  /** Whether the broker has forgotten what it was told. */
  removeIntegration(name: string): Promise<boolean>;
}

/** No cameras: all that there are and will be. */
interface Wish {
  readonly name: string;
  readonly language: Language;
  readonly cameras: readonly string[];
}
export interface ChannelWish extends Wish {
  readonly channel: {
    readonly kind: Way;
    readonly names: boolean;
    /** May carry user and password. */
    readonly url: string;
    readonly from?: string;
    readonly to?: string;
    readonly token?: string;
    readonly topic?: string;
  };
}
export interface IntegrationWish extends Wish {
  readonly tells: readonly (Telling | 'stream')[];
  /** Empty for one that only reads. */
  readonly url: string;
}

export interface AddStep {
  readonly outcome: 'set' | 'gesture' | 'gesture-wrong' | 'invalid' | 'exists' | 'full';
  /** Where one that may read does so, said this once; none where the hub cannot listen. */
  readonly reads: readonly Read[];
  /** Goes on with the digits that the hub shows. */
  digits(typed: string): Promise<AddStep>;
  /** Goes on with a passkey; null where there is none at this address. */
  readonly passkey: (() => Promise<AddStep>) | null;
}

/** An address of a camera, with the user and password in it. */
export interface Read {
  readonly camera: string;
  readonly url: string;
}

export const ways = ['ntfy', 'email', 'mqtt'] as const;
export type Way = (typeof ways)[number];
export const tellings = ['lock', 'online', 'press', 'private', 'watching'] as const;
export type Telling = (typeof tellings)[number];

interface Told {
  readonly name: string;
  readonly added: number;
  /** The person who added it. */
  readonly by: string;
  readonly cameras: readonly string[];
  readonly state: string;
  /** When that state began. */
  readonly since: number;
  /** Without user and password. */
  readonly url: string;
}
/** Another way by which somebody is told who rings. */
export interface Channel extends Told {
  readonly kind: string;
  readonly names: boolean;
  readonly to: string;
  readonly topic: string;
  /** When it was told something last, 0 for nothing since the hub was started. */
  readonly told: number;
  readonly missed: number;
}
/** A program of the home that is told how cameras do. */
export interface Integration extends Told {
  readonly tells: readonly string[];
}

/** Only these are well. */
export const works = ({ state }: Told): boolean => state === 'telling' || state === 'offered';
/** Nothing is wrong yet. */
export const waits = ({ state }: Told): boolean => state === 'untried' || state === 'connecting';

/** How one does, and what to do about it. */
export function stateText(one: Told, system: boolean): string {
  switch (one.state) {
    case 'telling':
    case 'offered':
      return m.told_works();
    case 'unheard':
      return m.told_unheard();
    case 'untried':
      return m.told_untried();
    case 'connecting':
      return m.told_connecting();
    case 'refused':
      return m.told_refused();
    case 'barred':
      return m.told_barred();
    default:
      return system ? m.told_away_system() : m.told_away();
  }
}

const hostOf = (url: string): string => url.replace(/^[a-z]+:\/\//, '').replace(/\/$/, '');

/** By what way, and where to. */
export function wayText({ kind, url, to, topic }: Channel): string {
  const server = hostOf(url);
  switch (kind) {
    case 'email':
      return m.told_email({ to });
    case 'mqtt':
      return m.told_mqtt({ server, topic });
    default:
      return m.told_ntfy({ server });
  }
}

/** By what broker; one that only reads has none. */
export const brokerText = ({ url }: Integration): string =>
  url === '' ? m.told_reads() : m.told_broker({ server: hostOf(url) });

export function tellingText(what: string): string {
  switch (what as Telling | 'stream') {
    case 'stream':
      return m.told_stream();
    case 'lock':
      return m.told_lock();
    case 'online':
      return m.told_online();
    case 'press':
      return m.told_press();
    case 'private':
      return m.told_private();
    case 'watching':
      return m.told_watching();
  }
}

/** Whether it may read the picture. */
export const sees = ({ tells }: { tells: readonly string[] }): boolean => tells.includes('stream');

/** By whom a camera is read: the same for all of one system. */
export function loginOf({ url }: Read): { user: string; password: string } {
  const [, user = '', password = ''] = /^rtsp:\/\/([^:@/]*):([^@/]*)@/.exec(url) ?? [];
  return { user: decodeURIComponent(user), password: decodeURIComponent(password) };
}

const schemes: Readonly<Record<Way, string>> = { ntfy: 'https', email: 'smtps', mqtt: 'mqtts' };
const form = /^(?:([a-z]+):\/\/)?([^@/\s]+@)?([^@/?#\s]+)(\/(?!\/)[^?#\s]*)?$/i;

/**
 * An address as somebody types it, with who to be there; null for what is none. Without a scheme it is
 * the one that is encrypted. (Not by `URL`: older browsers read no host in schemes of their own.)
 */
export function withLogin(typed: string, way: Way, user: string, password: string): string | null {
  const found = form.exec(typed.trim());
  if (found === null) return null;
  const [, scheme = schemes[way], login = '', host, path = ''] = found;
  const own = user === '' ? login : [user, password].map(encodeURIComponent).join(':') + '@';
  return `${scheme.toLowerCase()}://${own}${host}${path}`;
}
