// SPDX-License-Identifier: Apache-2.0
import type {
  HlsConfig,
  Loader,
  LoaderCallbacks,
  LoaderConfiguration,
  LoaderContext,
  LoaderStats,
} from 'hls.js';
import { playlist } from './line';
import type { Opened } from './opened';

/** The player asks for addresses under this one; none of them ever reaches a network. */
export const playlistAddress = new URL('/line/list.m3u8', location.origin).href;

type LoaderClass = new (config: HlsConfig) => Loader<LoaderContext>;

/**
 * A loader class for the player that answers from one playback. `onFault` hears why a segment
 * could not be read; the player itself only learns that there is none.
 */
export function loaderFor(opened: Opened, onFault: (reason: unknown) => void): LoaderClass {
  const text = playlist(opened.line);

  return class KeyholdLoader implements Loader<LoaderContext> {
    context: LoaderContext | null = null;
    stats: LoaderStats = freshStats();
    #abort = new AbortController();
    #callbacks: LoaderCallbacks<LoaderContext> | null = null;

    load(
      context: LoaderContext,
      _config: LoaderConfiguration,
      callbacks: LoaderCallbacks<LoaderContext>,
    ): void {
      this.context = context;
      this.#callbacks = callbacks;
      this.stats.loading.start = performance.now();
      this.#answer(context.url).then(
        (data) => {
          if (this.#abort.signal.aborted) return;
          const now = performance.now();
          this.stats.loading.first = Math.max(now, this.stats.loading.start);
          this.stats.loading.end = now;
          const size = typeof data === 'string' ? data.length : data.byteLength;
          this.stats.loaded = this.stats.total = size;
          callbacks.onSuccess({ url: context.url, data, code: 200 }, this.stats, context, null);
        },
        (reason: unknown) => {
          if (this.#abort.signal.aborted) return;
          onFault(reason);
          callbacks.onError({ code: 404, text: 'not opened' }, context, null, this.stats);
        },
      );
    }

    async #answer(url: string): Promise<string | ArrayBuffer> {
      if (url === playlistAddress) return text;
      const [, part, number] = /\/(head|part)\/(\d+)$/.exec(url) ?? [];
      if (!part || !number) throw new Error('the player asked for an unknown address');
      const moved = await opened.get(Number(number), this.#abort.signal);
      const bytes = part === 'head' ? moved.head : moved.body;
      return bytes.slice().buffer;
    }

    abort(): void {
      if (this.#abort.signal.aborted || this.stats.loading.end) return;
      this.stats.aborted = true;
      this.#abort.abort();
      if (this.context) this.#callbacks?.onAbort?.(this.stats, this.context, null);
    }

    destroy(): void {
      this.#callbacks = null;
      this.#abort.abort();
      this.context = null;
    }
  };
}

function freshStats(): LoaderStats {
  return {
    aborted: false,
    loaded: 0,
    retry: 0,
    total: 0,
    chunkCount: 0,
    bwEstimate: 0,
    loading: { start: 0, first: 0, end: 0 },
    parsing: { start: 0, end: 0 },
    buffering: { start: 0, first: 0, end: 0 },
  };
}
