// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import type { Said } from './clock-words';
import type { ErrorKind } from './household';
import type { Choice, Form } from './recording';
import { errorWords } from './words';

/** Cameras that are found and not typed: a part of `Household`. The hub looks, tries and adds. */
export interface Findable {
  /** What answers in the home as a camera, also what the household has already. */
  lookForCameras(): Promise<readonly FoundCamera[]>;
  /** Lets one show its picture; user and password go to that camera alone. */
  tryCamera(found: string, user: string, password: string): Promise<ShownCamera>;
  /** Adds one that has shown its picture. */
  addFound(found: string, name: string, room: string, form?: Form): Promise<void>;
  /** Cameras at whose addresses another device answers than the one that was added. */
  checkCameras(): Promise<readonly string[]>;
}

export interface FoundCamera {
  readonly found: string;
  readonly address: string;
  /** What it calls itself; nothing of it is proved. */
  readonly maker: string;
  readonly model: string;
  /** It shows nothing without a password. */
  readonly password: boolean;
  /** The household's camera that it is, or `''`. */
  readonly camera: string;
}

export interface ShownCamera {
  /** A JPEG; empty where it gives none. */
  readonly picture: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly camera: string;
  /** There where somebody has to say in which form to record it. */
  readonly choice: Choice | null;
}

/** What a camera is called before it has a name. */
export function modelOf({ maker, model, address }: FoundCamera): string {
  return [maker, model].filter(Boolean).join(' ') || address;
}

/** Why a camera shows nothing. */
export function refusalWords(kind: ErrorKind): Said {
  const said = errorWords(kind);
  if (kind === 'camera-elsewhere') {
    return { what: m.error_camera_elsewhere(), next: m.error_camera_elsewhere_next() };
  }
  // Where user and password belong is seen here.
  return kind === 'camera-password' ? { ...said, next: '' } : said;
}
