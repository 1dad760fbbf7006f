// SPDX-License-Identifier: Apache-2.0
import type { ErrorKind, Live } from './household';
import type { Change } from './people';

/** Going to another cloud, which only a browser in `keyhold app` can: it reaches more than one. */
export interface Movable {
  /** A move under way, or one that is done and that nobody has read about yet. */
  readonly moving: Live<Moving | null>;

  /**
   * Begins to move. Only for owners. Rejects with what can be said at once (`address-wrong`,
   * `other-cloud-away`, `same-cloud`, `not-allowed`); the rest `moving` tells. It goes on by itself
   * when the app is opened again.
   */
  move(address: string): Promise<void>;
  /** Tries again where it has stopped. */
  moveOn(): void;
  moveCode(digits: string): void;
  movePasskey(): Promise<void>;
  /** Gives it up, as long as the hub was not told to go. */
  stopMove(): void;

  /**
   * The household has moved already: this browser follows, if the hub is there with all that was
   * ever seen. Rejects with `hub-elsewhere`, `record-differs` and the kinds above.
   */
  follow(address: string): Promise<void>;
  /** Somebody has read that it is done. */
  readMove(): void;
  /** Has everything erased at the cloud that was left. */
  eraseLeft(): Promise<Change>;
}

export type Moving = { from: string; to: string } & (
  | { step: 'asking' | 'going' }
  | { step: 'code'; wrong: boolean; passkey: object | null }
  | { step: 'copying'; done: number; total: number }
  | { step: 'arriving'; since: number }
  /** `gone`: the hub may be at the new cloud; `again`: it is tried again by itself. */
  | { step: 'stopped'; reason: ErrorKind; gone: boolean; again: boolean }
  /** `followed`: the household had moved before; `erased`: the old cloud was told to erase everything. */
  | { step: 'moved'; followed: boolean; erased: boolean }
);
