// SPDX-License-Identifier: Apache-2.0

/** By what a light at a camera is lit while somebody looks live. */
export type Light =
  /** At a relay of the camera itself: that of a name, or the first that stays as it is set. */
  | { readonly kind: 'onvif'; readonly relay?: string }
  /** A request to one address or the other. */
  | { readonly kind: 'http'; readonly on: string; readonly off: string };

/** What a light took last; `away`: it does not take what it is told, `asked`: before the first. */
export interface LightReport {
  readonly camera: string;
  readonly kind: 'onvif' | 'http';
  readonly state: 'on' | 'off' | 'away' | 'asked';
}

/** Lights at cameras that show whoever is there that somebody looks: a part of `Household`. */
export interface Lighting {
  lights(): Promise<readonly LightReport[]>;
  /** `null` for none. Resolves once it was lit; it goes out again after two seconds. */
  setLight(camera: string, light: Light | null): Promise<void>;
  /** Lights it for two seconds. */
  tryLight(camera: string): Promise<void>;
}
