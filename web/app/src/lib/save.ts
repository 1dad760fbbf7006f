// SPDX-License-Identifier: Apache-2.0

/** Hands a file to the browser's downloads. Nothing leaves the machine. */
export function saveBlob(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The download has its own hold on the bytes once it has started.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function saveJson(name: string, value: unknown): void {
  saveBlob(name, new Blob([JSON.stringify(value, null, 2)], { type: 'application/json' }));
}

export function saveText(name: string, text: string): void {
  saveBlob(name, new Blob([text], { type: 'text/plain;charset=utf-8' }));
}

/** A proof has the name of its film and one ending more: by that they find each other. */
export function saveProof(film: string, proof: Uint8Array): void {
  const blob = new Blob([new Uint8Array(proof)], { type: 'application/octet-stream' });
  saveBlob(`${film}.proof`, blob);
}

/** Names that every file system takes. */
export function fileName(text: string): string {
  return text.replace(/[\\/:*?"<>|\p{Cc}]+/gu, '.').trim();
}

interface Picker {
  showSaveFilePicker(options: { suggestedName: string }): Promise<{
    readonly name: string;
    createWritable(): Promise<WritableStream<Uint8Array>>;
  }>;
}

/** A place for a film: memory for a short one, a file that grows on the disk for a long one. */
export interface Sink {
  /** What the person or we called it. */
  name: string;
  stream: WritableStream<Uint8Array>;
  /** To be called once the stream was closed. */
  finish(): void;
}

const inMemoryUpTo = 10 * 60_000;

export async function sinkFor(name: string, milliseconds: number): Promise<Sink> {
  if (milliseconds > inMemoryUpTo && 'showSaveFilePicker' in window) {
    const picker = window as unknown as Picker;
    const handle = await picker.showSaveFilePicker({ suggestedName: name });
    return { name: handle.name, stream: await handle.createWritable(), finish: () => undefined };
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const stream = new WritableStream<Uint8Array>({
    write: (chunk) => void chunks.push(new Uint8Array(chunk)),
  });
  return { name, stream, finish: () => saveBlob(name, new Blob(chunks, { type: 'video/mp4' })) };
}
