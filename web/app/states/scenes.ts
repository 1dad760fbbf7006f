// SPDX-License-Identifier: Apache-2.0

/** Drawn pictures of a home that does not exist, in place of footage. */
export type Scene = 'door' | 'hall' | 'garden' | 'street';

type Paint = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;
const W = 640;
const H = 360;

function box(p: Paint, color: string, x: number, y: number, w: number, h: number): void {
  p.fillStyle = color;
  p.fillRect(x, y, w, h);
}

function shape(p: Paint, color: string, ...points: [number, number][]): void {
  p.fillStyle = color;
  p.beginPath();
  for (const [x, y] of points) p.lineTo(x, y);
  p.fill();
}

function disc(p: Paint, color: string, x: number, y: number, r: number): void {
  p.fillStyle = color;
  p.beginPath();
  p.arc(x, y, r, 0, Math.PI * 2);
  p.fill();
}

function person(p: Paint, x: number, foot: number, size: number, coat: string): void {
  box(p, coat, x - size * 0.13, foot - size * 0.36, size * 0.1, size * 0.36);
  box(p, coat, x + size * 0.03, foot - size * 0.36, size * 0.1, size * 0.36);
  shape(
    p,
    coat,
    [x - size * 0.15, foot - size * 0.76],
    [x + size * 0.15, foot - size * 0.76],
    [x + size * 0.2, foot - size * 0.32],
    [x - size * 0.2, foot - size * 0.32],
  );
  disc(p, '#3b3733', x, foot - size * 0.9, size * 0.12);
}

function tree(p: Paint, x: number, foot: number, size: number): void {
  box(p, '#6b5a49', x - size * 0.05, foot - size * 0.5, size * 0.1, size * 0.5);
  disc(p, '#7c9a78', x, foot - size * 0.66, size * 0.36);
}

const painters: Record<Scene, (p: Paint, walk: number) => void> = {
  door(p, walk) {
    box(p, '#b7c4c9', 0, 0, W, H);
    shape(p, '#98938a', [0, 258], [W, 228], [W, H], [0, H]);
    box(p, '#6d6259', 40, 46, 144, 232);
    box(p, '#86786b', 54, 60, 116, 218);
    disc(p, '#d8c48a', 158, 176, 4);
    tree(p, 500, 290, 190);
    person(p, 250 + walk * 130, 312, 150, '#3a5a6c');
  },
  hall(p, walk) {
    box(p, '#d6cdc0', 0, 0, W, H);
    shape(p, '#b29b7b', [210, 220], [430, 220], [W, H], [0, H]);
    box(p, '#a8b8ae', 42, 60, 90, 120);
    box(p, '#c4b8a8', 236, 96, 168, 126);
    box(p, '#8f8272', 276, 124, 88, 98);
    box(p, '#7c6850', 500, 142, 96, 160);
    if (walk > 0.6) person(p, 330, 300, 120, '#7a4b46');
  },
  garden(p, walk) {
    box(p, '#a9bcd0', 0, 0, W, H);
    shape(p, '#7f9a6b', [0, 206], [260, 188], [W, 216], [W, H], [0, H]);
    tree(p, 120, 270, 170);
    shape(p, '#7a5640', [396, 150], [560, 150], [480, 96]);
    box(p, '#a48469', 412, 150, 132, 92);
    box(p, '#6d5442', 462, 182, 36, 60);
    if (walk > 0.3) disc(p, '#5a4a3a', 260 + walk * 90, 292, 13);
  },
  street(p, walk) {
    box(p, '#c9c2b6', 0, 0, W, 190);
    box(p, '#8d8a86', 0, 190, W, 170);
    for (let x = 20; x < W; x += 150) box(p, '#e6e2da', x, 274, 80, 8);
    for (let x = 30; x < W; x += 126) box(p, '#9fb0b8', x, 46, 62, 84);
    const x = 40 + walk * 320;
    box(p, '#9a4c43', x, 206, 176, 46);
    shape(p, '#9a4c43', [x + 34, 206], [x + 60, 168], [x + 128, 168], [x + 150, 206]);
    disc(p, '#2c2926', x + 40, 254, 19);
    disc(p, '#2c2926', x + 136, 254, 19);
  },
};

const painted = new Map<string, ImageBitmap>();

/** The same scene changes a little with time, so that scrubbing shows something. Painted once a page. */
export function paint(scene: Scene, at: number): ImageBitmap {
  const name = `${scene} ${at}`;
  const picture = painted.get(name) ?? draw(scene, at);
  painted.set(name, picture);
  return picture;
}

function draw(scene: Scene, at: number): ImageBitmap {
  const canvas = new OffscreenCanvas(W, H);
  const p = canvas.getContext('2d');
  if (!p) throw new Error('no canvas');
  const walk = (Math.sin(at / 40_000) + 1) / 2;
  painters[scene](p, walk);
  return canvas.transferToImageBitmap();
}

/** A scene as a camera sends it. */
export async function jpeg(scene: Scene, at: number): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(W, H);
  canvas.getContext('2d')?.drawImage(paint(scene, at), 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/jpeg' });
  return new Uint8Array(await blob.arrayBuffer());
}
