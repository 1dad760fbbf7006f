// SPDX-License-Identifier: Apache-2.0

import { base64, type Bytes } from '../bytes.ts';
import { Cloud } from '../sync/cloud.ts';
import { Fault } from '../sync/fault.ts';
import type { Clouds, Place } from '../sync/moving.ts';
import type { Store } from '../sync/store.ts';
import { HubAtHome, Way, type Homes } from '../sync/way.ts';

/**
 * The clouds that a page can reach: at an operator's address that operator's alone; in `keyhold app`
 * the one that it was started with, others by their addresses, and the hub at home (member/app).
 */
export class PageClouds implements Clouds, Homes {
  constructor(
    private readonly origin: string,
    private readonly own: boolean,
  ) {}

  first(): Cloud {
    return new Cloud(this.origin);
  }

  async given(): Promise<string> {
    if (!this.own) return this.origin;
    const answer = await this.ask('/cloud');
    if (!answer.ok) throw new Fault('internal', 'keyhold app does not say which cloud is its own');
    return (await answer.text()).trim();
  }

  async at(address: string): Promise<Cloud> {
    if (!this.own) throw new Fault('not-allowed', 'only in keyhold app');
    const answer = await this.ask('/at', { method: 'POST', body: address });
    if (answer.status === 400) throw new Fault('address-wrong', 'not the address of a cloud');
    if (!answer.ok) throw new Fault('internal', `keyhold app answers ${answer.status}`);
    return new Cloud(this.origin + (await answer.text()).trim());
  }

  /** The way home, through `keyhold app`: a page of an operator's has none (docs/decisions/0016). */
  way(store: Store): Way {
    return new Way(this.own ? this : null, store, Date.now);
  }

  async hub(key: Bytes, addresses: readonly string[]): Promise<Cloud> {
    const body = JSON.stringify({ addresses, hub: base64(key) });
    const answer = await this.ask('/home', { method: 'POST', body });
    if (!answer.ok) throw new Fault('hub-away', `keyhold app answers ${answer.status}`);
    return new HubAtHome(this.origin + (await answer.text()).trim(), key);
  }

  /** Where this browser has settled, or else what it is given. */
  async of(settled: Place | undefined): Promise<Cloud> {
    if (settled === undefined || !this.own) return this.first();
    return this.at(settled.url).catch(() => this.first());
  }

  private async ask(path: string, init: RequestInit = {}): Promise<Response> {
    try {
      return await fetch(this.origin + path, { ...init, cache: 'no-store' });
    } catch {
      throw new Fault('cloud-away', 'keyhold app does not answer');
    }
  }
}
