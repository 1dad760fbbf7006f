// SPDX-License-Identifier: Apache-2.0

import type { Rule } from '../rule.ts';
import type { Alarm } from '../sync/alarms.ts';
import type { Wishes } from '../sync/create.ts';
import type { FaultKind } from '../sync/fault.ts';
import type { ExportProgress, Exported, Playing } from '../sync/home.ts';
import type { Picture } from '../sync/pictures.ts';
import type { Timeline } from '../sync/timeline.ts';

/** What page and worker say to each other. */
export type Phase = 'starting' | 'unable' | 'anonymous' | 'joining' | 'ready';
export type JoinStep = 'keys' | 'asking' | 'hub' | 'history';
export type CreateStep = 'finding' | 'keys' | 'hub';

export interface HomeState {
  readonly id: string;
  readonly person: string;
  readonly device: string;
  readonly zone: string;
  readonly since: number;
}

export interface CameraState {
  readonly id: string;
  readonly name: string;
  readonly state: 'ok' | 'waiting' | 'lost';
  readonly lostSince?: number;
}

export interface TrustState {
  readonly checking: boolean;
  readonly checkedAt: number | null;
  readonly hubHeardAt: number | null;
  readonly cloudReachable: boolean;
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

/** Each call with its arguments and its result. */
export interface Calls {
  join: { args: [link: string, deviceName: string]; result: void };
  create: { args: [wish: Founded]; result: Beginning };
  confirmSheet: { args: []; result: void };
  addCamera: { args: [name: string, url: string]; result: void };
  removeCamera: { args: [id: string]; result: void };
  askNewest: { args: []; result: void };
  timeline: { args: [camera: string, from: number, until: number]; result: Timeline };
  preview: { args: [camera: string, at: number]; result: Picture | null };
  openPlayback: { args: [camera: string, from: number, until: number]; result: Playing };
  read: { args: [playback: string, index: number]; result: Uint8Array };
  closePlayback: { args: [playback: string]; result: void };
  exportRange: { args: [camera: string, from: number, until: number]; result: Exported };
  acknowledge: { args: [alarm: string]; result: void };
}

export type CallName = keyof Calls;

export interface WireFault {
  readonly kind: FaultKind;
  readonly message: string;
  readonly id?: string;
  readonly rule?: Rule;
}

export type ToWorker =
  | { readonly start: { readonly origin: string; readonly mutant: readonly string[] } }
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
  | { readonly step: number; readonly name: JoinStep | CreateStep }
  | { readonly progress: number; readonly value: ExportProgress }
  | { readonly piece: number; readonly bytes: Uint8Array }
  | { readonly done: number; readonly value: unknown }
  | { readonly failed: number; readonly fault: WireFault };
