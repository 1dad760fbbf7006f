// SPDX-License-Identifier: Apache-2.0

/** What is begun and not taken is closed: the page that was to show it has not come. */
const untaken = 3_000;

/** A view that begins with a touch on what leads to it, while the page that shows it is being made. */
export class Begun<View extends { close(): void }> {
  private one: { readonly camera: string; readonly view: View } | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly make: (cameras: readonly string[]) => View) {}

  begin(camera: string): void {
    this.drop();
    this.one = { camera, view: this.make([camera]) };
    this.timer = setTimeout(() => this.drop(), untaken);
  }

  /** The view that has begun, if it is the one of these cameras, or a new one. */
  take(cameras: readonly string[]): View {
    if (this.one === null || this.one.camera !== cameras.join()) {
      this.drop();
      return this.make(cameras);
    }
    clearTimeout(this.timer);
    const { view } = this.one;
    this.one = null;
    return view;
  }

  private drop(): void {
    clearTimeout(this.timer);
    this.one?.view.close();
    this.one = null;
  }
}
