// SPDX-License-Identifier: Apache-2.0

import type { Form, Op, Recorded, Reply } from '../statement/request.ts';

const patience = 20_000;

/** In which form cameras are recorded (docs/protocol.md 7). */
export class Recording {
  constructor(
    private readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
    /** Asks how the cameras are. */
    private readonly ask: () => Promise<unknown>,
  ) {}

  async list(): Promise<readonly Recorded[]> {
    return (await this.send({ kind: 'recorded' }, patience)).result.recorded ?? [];
  }

  async set(camera: string, recorded: Form): Promise<void> {
    await this.send({ kind: 'set-recorded', camera, recorded }, patience);
    await this.ask();
  }
}
