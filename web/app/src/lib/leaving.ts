// SPDX-License-Identifier: Apache-2.0
import type { ExportResult, Live, Progress } from './household';
import type { Change, Named } from './people';

/** Taking everything along, having everything erased, and going. */
export interface Going {
  /** Set while everything is going to be erased, for everybody of the household. */
  readonly erasing: Live<Erasing | null>;

  /**
   * Has everything erased seven days from now, at the cloud and on the hub; from the moment that the
   * hub has ordered it nothing is shown any more. Only for owners; the hub wants to see somebody.
   */
  eraseAll(): Promise<Change>;
  /** Takes that back. Only for owners. */
  keepAll(): Promise<void>;
  /** What the cloud has signed once everything is gone; null while it has signed nothing. */
  receipt(): Promise<Erased | null>;
  /** Deletes this browser's own keys and all it keeps, and starts the page anew. */
  forget(): Promise<void>;

  /** What is recorded in [from, until), cut into films of at most an hour. */
  stretches(camera: string, from: number, until: number): Promise<readonly Stretch[]>;
  /** Like `exportRange`, of exactly one stretch. */
  exportStretch(
    camera: string,
    stretch: Pick<Stretch, 'from' | 'until'>,
    sink: WritableStream<Uint8Array>,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<ExportResult>;
}

export interface Erasing {
  due: number;
  /** The owner who wants it; the name is `` where it is not known. */
  by: Named;
  mine: boolean;
  /** This person may take it back. */
  keep: boolean;
}

export interface Erased {
  at: number;
  recordings: number;
  bytes: number;
  pages: number;
  keys: number;
  /** Things that were there for certain, and that the cloud does not say it has erased. */
  missing: number;
}

export interface Stretch {
  from: number;
  until: number;
  /** What each piece of it brings into the film, by which the film can be checked. */
  pieces: readonly { sha256: string; size: number }[];
}
