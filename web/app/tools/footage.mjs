// SPDX-License-Identifier: Apache-2.0
// Makes six short films of a drawn door for the states page: self-contained fragmented MP4,
// four seconds each, with decode times that go on from one to the next.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'states', 'footage');
if (!existsSync(join(folder, 'clip05.mp4'))) {
  mkdirSync(folder, { recursive: true });
  const scene = [
    'color=c=0xb7c4c9:s=640x360:r=15:d=24',
    'drawbox=y=250:w=640:h=110:color=0x98938a:t=fill',
    'drawbox=x=40:y=46:w=144:h=232:color=0x6d6259:t=fill',
    'drawbox=x=54:y=60:w=116:h=218:color=0x86786b:t=fill',
    'drawbox=x=484:y=200:w=20:h=90:color=0x6b5a49:t=fill',
    'drawbox=x=430:y=100:w=130:h=130:color=0x7c9a78:t=fill',
  ].join(',');
  execFileSync(
    'ffmpeg',
    [
      '-v',
      'error',
      '-y',
      '-f',
      'lavfi',
      '-i',
      scene,
      '-f',
      'lavfi',
      '-i',
      'color=c=0x3a5a6c:s=56x140:r=15:d=24',
      '-f',
      'lavfi',
      '-i',
      'sine=frequency=330:duration=24:sample_rate=48000',
      '-filter_complex',
      "[0][1]overlay=x='220+t*8':y=172[v]",
      '-map',
      '[v]',
      '-map',
      '2:a',
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-pix_fmt',
      'yuv420p',
      '-g',
      '60',
      '-bf',
      '0',
      '-force_key_frames',
      'expr:gte(t,n_forced*4)',
      '-c:a',
      'aac',
      '-b:a',
      '48k',
      '-f',
      'segment',
      '-segment_time',
      '4',
      '-segment_format',
      'mp4',
      '-segment_format_options',
      'movflags=+frag_keyframe+empty_moov+default_base_moof',
      join(folder, 'clip%02d.mp4'),
    ],
    { stdio: 'inherit' },
  );
}
