// SPDX-License-Identifier: Apache-2.0

/** In which form cameras are recorded: a part of `Household`. */
export interface Recordable {
  /** Of each camera that this device may know of, as far as the hub says. */
  recorded(): Promise<readonly Recorded[]>;
  setRecorded(camera: string, form: Form): Promise<void>;
}

/** As the camera sends it; made into H.264 by the hub; its second stream. */
export type Form = 'sent' | 'made' | 'small';

/** What there is to choose from. */
export interface Choice {
  /** How much of a processor core the hub needs to make H.264 of it, in percent; 0: not known. */
  readonly cost: number;
  /** It has a second, smaller stream. */
  readonly small: boolean;
}

export interface Recorded extends Choice {
  readonly camera: string;
  /** A `Form`, or one of a newer hub. */
  readonly form: string;
  /** The hub makes its pictures anew now, and `cost` is what that takes. */
  readonly measured: boolean;
  /** How the picture is coded that the camera sends; '' before the first. */
  readonly sent: string;
}

/** Whether there is anything to say of it: most cameras send what plays everywhere. */
export function foreign({ sent, form }: Recorded): boolean {
  return form !== 'sent' || (sent !== '' && sent !== 'h264');
}
