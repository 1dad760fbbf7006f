// SPDX-License-Identifier: Apache-2.0
import { SvelteMap } from 'svelte/reactivity';
import { dayAt, stepDay, type Day } from '../../lib/days';
import {
  kindOf,
  type ErrorKind,
  type Household,
  type Picture,
  type Timeline,
} from '../../lib/household';
import { Player } from '../../lib/play/player.svelte';
import type { Route } from '../../lib/address';
import {
  firstZoom,
  momentOf,
  nearestRecorded,
  viewAround,
  zooms,
  type Moment,
  type View,
} from '../../lib/strip';

/** A tile leads to the newest picture: its last ten seconds are a beginning, its last one is none. */
const lead = 10_000;
/** A preview waits so long, in milliseconds, for what may make it needless: the lift of the finger, the film itself. */
const patience = { point: 60, show: 150 };
const nothing: Timeline = { recorded: [], gaps: [], knownUntil: 0 };

/**
 * What the history page shows: a day, its strips, a moment, and the player. While a finger drags,
 * and where nothing is recorded, the moment is the pointed one; else it is the player's.
 */
export class HistoryView {
  readonly player: Player;
  day = $state.raw<Day>({ name: '', from: 0, until: 0 });
  view = $state.raw<View>({ from: 0, until: 1 });
  camera = $state('');
  timelines = new SvelteMap<string, Timeline>();
  /** The first answer for this day has not come yet. */
  loading = $state(true);
  failure = $state<ErrorKind | null>(null);
  scrubbing = $state(false);
  preview = $state.raw<Picture | null>(null);

  #household: Household;
  #zone: string;
  #ids: readonly string[] = [];
  #pointed = $state(0);
  /** The player is not where the pointer is: it has nothing to show there, or was not asked yet. */
  #still = $state(true);
  /** Somebody looks elsewhere on the day: the playing moment does not pull the view back. */
  #panned = false;
  #wanted: number | null = null;
  #fetching: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #gone = new AbortController();

  constructor(household: Household, zone: string) {
    this.#household = household;
    this.#zone = zone;
    this.player = new Player(household);
  }

  get time(): number {
    return this.scrubbing || this.#still ? this.#pointed : this.player.time;
  }

  get timeline(): Timeline {
    return this.timelines.get(this.camera) ?? nothing;
  }

  get moment(): Moment {
    return momentOf(this.timeline, this.time);
  }

  /** A preview stands in for the video: while dragging, and until the video's own first picture. */
  get poster(): Picture | null {
    if (this.moment.state !== 'recorded' || this.player.state === 'failed') return null;
    return this.scrubbing || this.#still || !this.player.shown ? this.preview : null;
  }

  /** Everything that has arrived has been played, or nothing has. */
  get atEnd(): boolean {
    return this.player.ended || (!this.loading && !this.failure && !this.anything);
  }

  get still(): boolean {
    return this.#still || this.scrubbing;
  }

  get anything(): boolean {
    return [...this.timelines.values()].some((timeline) => timeline.recorded.length > 0);
  }

  start(ids: readonly string[], wish: Route, now: number): () => void {
    this.#gone = new AbortController();
    this.#ids = ids;
    this.camera = ids.find((id) => id === wish.camera) ?? ids[0] ?? '';
    this.day = dayAt(wish.at ?? now, this.#zone);
    void this.#load(wish.at ?? null, wish.at !== undefined);
    const stop = this.#household.onTimeline((camera) => void this.#refresh(camera));
    return () => {
      stop();
      this.#gone.abort();
      this.#dropPreview();
      this.player.close();
    };
  }

  step(days: number): void {
    this.player.close();
    this.day = stepDay(this.day, days, this.#zone);
    void this.#load(null, false);
  }

  async #load(at: number | null, play: boolean): Promise<void> {
    const day = this.day;
    this.loading = true;
    this.failure = null;
    this.#still = true;
    this.preview = null;
    this.timelines.clear();
    this.view = { from: day.from, until: day.until };
    this.#pointed = at ?? this.#rest();
    if (at !== null && play) {
      // Does not wait for the strips: whoever touched a picture wants to see it move.
      this.#still = false;
      void this.player.open(this.camera, day.from, day.until, at, true, { lead, within: lead });
    }
    try {
      const found = await Promise.all(
        this.#ids.map(
          async (id) => [id, await this.#household.timeline(id, day.from, day.until)] as const,
        ),
      );
      if (this.day !== day || this.#gone.signal.aborted) return;
      for (const [id, timeline] of found) this.timelines.set(id, timeline);
    } catch (reason) {
      if (this.day === day) this.failure = kindOf(reason);
    }
    this.loading = false;
    if (this.failure) return;
    const end = this.#end() ?? this.#rest();
    const moment = at === null ? end : at;
    this.view = viewAround(moment, firstZoom([...this.timelines.values()]), day);
    if (at !== null && play) {
      if (momentOf(this.timeline, at).state !== 'recorded' && at < end) this.show(at, false);
    } else {
      this.#pointed = moment;
      this.#askPreview(moment, 0);
    }
  }

  /** The newest moment of the day that can be shown; null where there is none. */
  #end(): number | null {
    const { recorded } = this.timeline;
    return nearestRecorded(this.timeline, recorded.at(-1)?.until ?? this.day.until, lead);
  }

  /** Where a day begins to be looked at of which nothing was recorded: today that is now. */
  #rest(): number {
    const { from, until } = this.day;
    const now = Date.now();
    return now >= from && now < until ? now : from;
  }

  async #refresh(camera: string): Promise<void> {
    const day = this.day;
    if (!this.#ids.includes(camera) || this.loading) return;
    try {
      const timeline = await this.#household.timeline(camera, day.from, day.until);
      if (this.day !== day || this.#gone.signal.aborted) return;
      const first = this.timelines.get(camera)?.recorded.length === 0;
      this.timelines.set(camera, timeline);
      // Nothing was there to be pointed at until now.
      if (first && camera === this.camera && this.#still)
        this.#pointed = this.#end() ?? this.#pointed;
    } catch {
      // The strips stay as they were; the line about trust says that the cloud does not answer.
      return;
    }
    if (camera !== this.camera || this.scrubbing) return;
    const { player } = this;
    if (player.ended && !this.#still) {
      // What was watched to its end goes on by itself.
      const more = this.timeline.recorded.find((range) => range.until > player.time + 1000);
      if (more) this.show(Math.max(player.time + 1, more.from), true);
    } else if (this.#still && !this.preview) {
      this.#askPreview(this.#pointed, 0);
    }
  }

  /** While dragging, or by key: the moment moves, a preview follows. */
  point(time: number): void {
    this.#aim(time);
    this.#askPreview(this.#pointed, patience.point);
  }

  #aim(time: number): void {
    this.#panned = false;
    this.#pointed = Math.min(Math.max(time, this.day.from), this.day.until - 1);
    this.#follow();
  }

  /**
   * Shows a moment in the player where there is one to show. A finger that covers `within`
   * milliseconds of the strip means any of them: the player then begins where it is quickest.
   */
  show(time: number, play: boolean, within = 0): void {
    this.#aim(time);
    this.#dropPreview();
    const { camera, day } = this;
    const at = this.#pointed;
    if (momentOf(this.timeline, at).state !== 'recorded') {
      this.#still = true;
      if (this.player.state === 'opening') this.player.close();
      else this.player.pause();
      return;
    }
    if (this.player.covers(at)) {
      this.player.seek(at, within);
      if (play) this.player.play();
    } else {
      void this.player.open(camera, day.from, day.until, at, play, { within });
      this.#askPreview(at, patience.show);
    }
    this.#still = false;
  }

  pick(camera: string): void {
    if (camera === this.camera) return;
    const at = this.time;
    this.camera = camera;
    this.player.close();
    this.preview = null;
    this.#still = true;
    this.point(at);
  }

  /** By so many milliseconds; over a gap to its other side. */
  move(by: number): void {
    const to = this.time + by;
    const playing = this.player.playing;
    if (this.still) this.point(to);
    else this.show(to, playing);
  }

  toggle(): void {
    if (!this.still && this.player.state === 'ready' && !this.player.ended) {
      this.player.toggle();
      return;
    }
    const at = nearestRecorded(this.timeline, this.time);
    if (at !== null) this.show(at, true);
  }

  get zoom(): number {
    const length = this.view.until - this.view.from;
    const index = zooms.findIndex((zoom) => zoom <= length);
    return index < 0 ? zooms.length - 1 : index;
  }

  zoomTo(index: number): void {
    this.#panned = false;
    const length = zooms[Math.min(Math.max(index, 0), zooms.length - 1)] ?? zooms[0];
    this.view = viewAround(this.time, length, this.day);
  }

  pan(by: number): void {
    this.#panned = true;
    const { from, until } = this.view;
    this.view = viewAround((from + until) / 2 + by, until - from, this.day);
  }

  /** Keeps the moment in sight. */
  #follow(): void {
    const { from, until } = this.view;
    const length = until - from;
    if (this.time < from || this.time > until) {
      this.view = viewAround(this.time, length, this.day);
    }
  }

  follow(): void {
    if (!this.scrubbing && !this.#panned && this.player.playing) this.#follow();
  }

  /** A preview goes the same way as the film, so it waits where the film may come before it. */
  #askPreview(at: number, wait: number): void {
    this.#wanted = at;
    if (this.#fetching) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#fetchPreviews(), wait);
  }

  #dropPreview(): void {
    this.#wanted = null;
    clearTimeout(this.#timer);
    this.#fetching?.abort();
    this.#fetching = null;
  }

  /** One at a time, and after it only the newest wish. */
  async #fetchPreviews(): Promise<void> {
    const own = new AbortController();
    this.#fetching = own;
    while (this.#wanted !== null && !own.signal.aborted) {
      const at = this.#wanted;
      const camera = this.camera;
      this.#wanted = null;
      if (this.player.shown && !this.still) break;
      try {
        const found = await this.#household.preview(camera, at, own.signal);
        if (camera === this.camera && !own.signal.aborted) this.preview = found;
      } catch {
        // A fault raises an alarm of its own; here there is simply no picture.
        if (!own.signal.aborted) this.preview = null;
      }
    }
    if (this.#fetching === own) this.#fetching = null;
  }
}
