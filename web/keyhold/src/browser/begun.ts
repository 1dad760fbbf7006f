// SPDX-License-Identifier: Apache-2.0

/** What is begun and not taken is closed: the page that was to show it has not come. */
const untaken = 3_000;
/** A page that is opened anew checks everything first. */
const untakenAtStart = 10_000;

interface Begins {
  readonly state: { get(): { readonly step: string } };
  close(): void;
}

/** A view that begins with a touch on what leads to it, while the page that shows it is being made. */
export class Begun<View extends Begins> {
  private one: { readonly camera: string; readonly view: View } | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly make: (cameras: readonly string[]) => View) {}

  begin(camera: string, atStart = false): void {
    this.drop();
    this.one = { camera, view: this.make([camera]) };
    this.timer = setTimeout(() => this.drop(), atStart ? untakenAtStart : untaken);
  }

  /** The view that has begun, if it is the one of these cameras, or a new one. */
  take(cameras: readonly string[]): View {
    const { one } = this;
    // What was refused by what was known before may be granted by what is known now.
    if (one === null || one.camera !== cameras.join() || one.view.state.get().step === 'over') {
      this.drop();
      return this.make(cameras);
    }
    clearTimeout(this.timer);
    this.one = null;
    return one.view;
  }

  /** An alarm that nobody has read takes the place of the page: nobody is there to watch. */
  heard(alarms: readonly { readonly acknowledgedAt?: number }[]): void {
    if (alarms.some(({ acknowledgedAt }) => acknowledgedAt === undefined)) this.drop();
  }

  private drop(): void {
    clearTimeout(this.timer);
    this.one?.view.close();
    this.one = null;
  }
}
