// SPDX-License-Identifier: Apache-2.0

import type { ChannelReport } from '../statement/channel.ts';
import type { Integration } from '../statement/integration.ts';
import type { AddResult, OutsideWish } from '../sync/outside.ts';
import { DoorClient, stepOf, type Step } from './door-client.ts';

/** The part of a household that is about who is told outside of Keyhold. */
export abstract class OutsideClient extends DoorClient {
  channels(): Promise<readonly ChannelReport[]> {
    return this.port.call('channels', []);
  }

  integrations(): Promise<readonly Integration[]> {
    return this.port.call('integrations', []);
  }

  addOutside(wish: OutsideWish): Promise<Step<AddResult>> {
    return stepOf((shown) => this.port.call('addOutside', [wish, shown]));
  }

  testChannel(name: string): Promise<ChannelReport> {
    return this.port.call('testChannel', [name]);
  }

  removeChannel(name: string): Promise<void> {
    return this.port.call('removeChannel', [name]);
  }

  removeIntegration(name: string): Promise<boolean> {
    return this.port.call('removeIntegration', [name]);
  }
}
