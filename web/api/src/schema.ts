// SPDX-License-Identifier: Apache-2.0

// Generated from api/openapi.json by tools/generate.mjs; not for editing.

export interface paths {
  readonly '/v1/drops/{box}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    /** Read a box of one's own */
    readonly get: operations['drops'];
    readonly put?: never;
    /** Leave a message in a box whose name one knows */
    readonly post: operations['drop'];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/fetch': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    /**
     * Ask for household data with a signed statement
     * @description The answer to kind sync is a Sync, to kind footage a Footage. Footage is a look: the hub writes it down.
     */
    readonly post: operations['fetch'];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/fetched/{id}/objects/{object}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    /** A sealed pack, or a part of it */
    readonly get: operations['object'];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/fetched/{id}/pages/{run}/{camera}/{epoch}/{hour}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    /** A sealed page of leaves */
    readonly get: operations['page'];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/fetched/{id}/tiles/{run}/{level}/{n}/{width}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    /** The first hashes of a tile */
    readonly get: operations['tile'];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/households': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    /**
     * Register a household by its genesis, or by its whole chain
     * @description 201 the first time, 200 when it was registered before. A chain that is longer than the stored one continues it: so a household comes to another cloud, and so a new hub takes the place of an old one.
     */
    readonly post: operations['registerHousehold'];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/households/{household}/checkpoints/{run}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    /** Publish a checkpoint (hub) */
    readonly put: operations['writeCheckpoint'];
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/households/{household}/envelopes/{camera}/{epoch}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    /** Store an epoch's envelopes (hub) */
    readonly put: operations['writeEnvelopes'];
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/households/{household}/erase/{current}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    /** Have everything erased in seven days, or take that back (hub; back also an owner's device) */
    readonly put: operations['writeErase'];
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/households/{household}/kept/{camera}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    /** Say what of a camera is to stay for longer than thirty days (hub) */
    readonly put: operations['writeKept'];
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/households/{household}/labels/{camera}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    /** Replace a camera's sealed label (hub) */
    readonly put: operations['writeLabel'];
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/households/{household}/mail/{to}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    /** Send a sealed message to the hub, the sheet or a device */
    readonly put: operations['writeMail'];
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/households/{household}/names/{current}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    /** Replace the sealed document of names (hub) */
    readonly put: operations['writeNames'];
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/households/{household}/objects/{camera}/{hour}/{object}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    /** Store a sealed pack (hub) */
    readonly put: operations['writeObject'];
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/households/{household}/pages/{run}/{camera}/{epoch}/{hour}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    /** Store a sealed page of leaves (hub) */
    readonly put: operations['writePage'];
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/households/{household}/reseals/{device}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    /** Give a device the keys of epochs (device, sheet) */
    readonly put: operations['writeReseal'];
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/households/{household}/roster/{seq}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    /** Continue the roster (hub) */
    readonly put: operations['writeLink'];
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/households/{household}/status/{current}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    /** Say how the hub is (hub) */
    readonly put: operations['writeStatus'];
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/households/{household}/tiles/{run}/{level}/{n}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    /** Store a tile of hashes; it only ever grows (hub) */
    readonly put: operations['writeTile'];
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/info': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    /** The cloud's key, clock and retention */
    readonly get: operations['info'];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/pushes': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    /**
     * Have a sealed message brought to a browser's push service (hub)
     * @description It is tried once, to the services of a list, and nothing of it is kept. The answer says what came of it.
     */
    readonly post: operations['push'];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/receipts/{hash}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    /**
     * What was erased
     * @description For who knows the erase statement, once everything is gone, for ninety days.
     */
    readonly get: operations['receipt'];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/relays': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    /**
     * Ask for relays of live view with a signed statement
     * @description For the hub and for devices of a household. None where this cloud has none.
     */
    readonly post: operations['relays'];
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/sheets/{hash}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    /** The household of a recovery sheet */
    readonly get: operations['sheet'];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/socket': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    /**
     * A WebSocket that brings mail, and to the hub fetch statements
     * @description The first frame is the envelope of a session statement. The server sends {"ready":true}, or {"problem":…} and closes; then deliveries in order, until {"ack":N} acknowledges all up to N.
     */
    readonly get: operations['socket'];
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    readonly Delivery: {
      /** Format: int64 */
      readonly at: number;
      readonly body: string;
      readonly from: string;
      /** Format: int64 */
      readonly id: number;
      readonly kind: string;
    };
    readonly Drop: {
      readonly body: string;
      /** Format: int64 */
      readonly n: number;
    };
    readonly Dropped: {
      /**
       * Format: int64
       * @description the message's number in its box
       */
      readonly n: number;
    };
    readonly Drops: {
      readonly messages: readonly components['schemas']['Drop'][];
    };
    readonly Footage: {
      /** @description where the listed objects are read, for ten minutes */
      readonly address: string;
      /** Format: int64 */
      readonly expires: number;
      /** Format: int64 */
      readonly now: number;
      readonly objects: readonly components['schemas']['ObjectRef'][];
    };
    readonly Info: {
      /**
       * Format: int64
       * @description the cloud's clock, milliseconds UTC
       */
      readonly now: number;
      /**
       * Format: int64
       * @description how many days of footage are kept
       */
      readonly retention_days: number;
      /** @description the cloud's Ed25519 public key, named in fetch and session statements */
      readonly to: string;
    };
    readonly Kept: {
      readonly objects: readonly string[];
      readonly pages: readonly components['schemas']['KeptPage'][];
      readonly whole?: boolean;
    };
    readonly KeptPage: {
      readonly epoch: string;
      /** Format: int64 */
      readonly hour: number;
      readonly run: string;
    };
    readonly LabelRef: {
      readonly camera: string;
      /** @description one age file, sealed to an epoch of the camera */
      readonly label: string;
    };
    readonly ObjectRef: {
      readonly camera: string;
      /** Format: int64 */
      readonly hour: number;
      readonly object: string;
      /** Format: int64 */
      readonly size: number;
    };
    readonly PageRef: {
      readonly camera: string;
      readonly epoch: string;
      /** Format: int64 */
      readonly hour: number;
      readonly run: string;
      /** Format: int64 */
      readonly size: number;
      /**
       * Format: int64
       * @description milliseconds UTC by the cloud's clock
       */
      readonly updated: number;
    };
    readonly Problem: {
      /** @description names this one answer in the operator's log */
      readonly id: string;
      /** @description the rule that refused, or empty */
      readonly rule: string;
      /** Format: int64 */
      readonly status: number;
      /** @description a sentence for a person */
      readonly title: string;
      /** @description urn:keyhold: and the kind */
      readonly type: string;
    };
    readonly Pushed: {
      /**
       * Format: int64
       * @description how many seconds the push service asks to wait, 0 where it says nothing of it
       */
      readonly after: number;
      /** @enum {string} */
      readonly outcome: 'sent' | 'gone' | 'later' | 'refused';
    };
    readonly Receipt: {
      /** @description hashes of 32 bytes, sorted: SHA-256 of keyhold/v1/erased, the statement's nonce, and the hash of each thing that was there */
      readonly list: string;
      /** @description a signed note of the cloud */
      readonly note: string;
    };
    readonly Registered: {
      /** @description hash of genesis */
      readonly household: string;
    };
    readonly Relay: {
      readonly credential: string;
      /**
       * Format: int64
       * @description until when it may be begun with, milliseconds UTC by the cloud's clock
       */
      readonly until: number;
      /** @description turn: and turns:, the best first */
      readonly urls: readonly string[];
      /** @description the second in which it ends, and an id that stands in no other list */
      readonly username: string;
    };
    readonly Relays: {
      readonly relays: readonly components['schemas']['Relay'][];
    };
    readonly Resealed: {
      readonly envelopes: readonly components['schemas']['Row'][];
      /** @description envelope of the reseal statement */
      readonly statement: string;
    };
    readonly Row: {
      readonly bytes: string;
      readonly camera: string;
      readonly device: string;
      readonly epoch: string;
      readonly head: string;
    };
    readonly Rows: {
      readonly envelopes: readonly components['schemas']['Row'][];
    };
    readonly RunRef: {
      /** @description a signed note */
      readonly checkpoint: string;
      readonly run: string;
    };
    readonly SheetAnswer: {
      readonly household: string;
      /** @description envelopes, genesis first */
      readonly roster: readonly string[];
    };
    readonly Sync: {
      /** @description where the listed pages and the tiles are read, for ten minutes */
      readonly address: string;
      /** @description the reader's own, of cameras that it may see; for those who see everything also the sheet's */
      readonly envelopes: readonly components['schemas']['Row'][];
      /** @description envelope of the erase statement by which all this is hidden and will be erased, empty when there is none */
      readonly erase: string;
      /**
       * Format: int64
       * @description when it will be erased, milliseconds UTC by the cloud's clock; 0 when it will not
       */
      readonly erase_due: number;
      /**
       * Format: int64
       * @description when the address ends, milliseconds UTC
       */
      readonly expires: number;
      /** @description of cameras that the reader may see */
      readonly labels: readonly components['schemas']['LabelRef'][];
      /** @description the sealed document of names, empty when there is none or it is not for this reader */
      readonly names: string;
      /** Format: int64 */
      readonly now: number;
      /** @description of the hours asked for and cameras that the reader may see; and every page of the household, for those who see everything */
      readonly pages: readonly components['schemas']['PageRef'][];
      /** @description envelopes of reseal statements */
      readonly reseals: readonly string[];
      /** @description envelopes, genesis first */
      readonly roster: readonly string[];
      /** @description oldest first */
      readonly runs: readonly components['schemas']['RunRef'][];
      /** @description envelope of the hub's newest status, empty when there is none */
      readonly status: string;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type Delivery = components['schemas']['Delivery'];
export type Drop = components['schemas']['Drop'];
export type Dropped = components['schemas']['Dropped'];
export type Drops = components['schemas']['Drops'];
export type Footage = components['schemas']['Footage'];
export type Info = components['schemas']['Info'];
export type Kept = components['schemas']['Kept'];
export type KeptPage = components['schemas']['KeptPage'];
export type LabelRef = components['schemas']['LabelRef'];
export type ObjectRef = components['schemas']['ObjectRef'];
export type PageRef = components['schemas']['PageRef'];
export type Problem = components['schemas']['Problem'];
export type Pushed = components['schemas']['Pushed'];
export type Receipt = components['schemas']['Receipt'];
export type Registered = components['schemas']['Registered'];
export type Relay = components['schemas']['Relay'];
export type Relays = components['schemas']['Relays'];
export type Resealed = components['schemas']['Resealed'];
export type Row = components['schemas']['Row'];
export type Rows = components['schemas']['Rows'];
export type RunRef = components['schemas']['RunRef'];
export type SheetAnswer = components['schemas']['SheetAnswer'];
export type Sync = components['schemas']['Sync'];
export type $defs = Record<string, never>;
export interface operations {
  readonly drops: {
    readonly parameters: {
      readonly query?: {
        /** @description only messages with a higher number */
        readonly after?: number;
        /** @description seconds to wait for one */
        readonly wait?: number;
      };
      readonly header: {
        /** @description standard base64 of the token */
        readonly 'Keyhold-Drop-Token': string;
      };
      readonly path: {
        readonly box: string;
      };
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description OK */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/json': components['schemas']['Drops'];
        };
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly drop: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path: {
        /** @description SHA-256 of keyhold/v1/drop and the token */
        readonly box: string;
      };
      readonly cookie?: never;
    };
    /** @description at most 65,536 bytes */
    readonly requestBody: {
      readonly content: {
        readonly 'application/octet-stream': string;
      };
    };
    readonly responses: {
      /** @description Created */
      readonly 201: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/json': components['schemas']['Dropped'];
        };
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly fetch: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    /** @description envelope of a fetch statement */
    readonly requestBody: {
      readonly content: {
        readonly 'application/json': {
          /** @description canonical JSON */
          readonly payload: string;
          readonly payloadType: string;
          readonly signatures: readonly {
            readonly keyid: string;
            /** @description Ed25519 */
            readonly sig: string;
          }[];
        };
      };
    };
    readonly responses: {
      /** @description OK */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/json':
            components['schemas']['Sync'] | components['schemas']['Footage'];
        };
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly object: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: {
        /** @description bytes=first-last */
        readonly Range?: string;
      };
      readonly path: {
        /** @description the last part of a footage answer's address */
        readonly id: string;
        readonly object: string;
      };
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description OK */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/octet-stream': string;
        };
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly page: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path: {
        /** @description camera id, or the word household */
        readonly camera: string;
        readonly epoch: string;
        readonly hour: number;
        /** @description the last part of a sync answer's address */
        readonly id: string;
        readonly run: string;
      };
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description OK */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/octet-stream': string;
        };
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly tile: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path: {
        /** @description the last part of a sync answer's address */
        readonly id: string;
        readonly level: number;
        readonly n: number;
        readonly run: string;
        readonly width: number;
      };
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description OK */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/octet-stream': string;
        };
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly registerHousehold: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    /** @description envelope of the genesis statement with its three signatures; or, in canonical JSON, all envelopes of a chain */
    readonly requestBody: {
      readonly content: {
        readonly 'application/json':
          | {
              /** @description canonical JSON */
              readonly payload: string;
              readonly payloadType: string;
              readonly signatures: readonly {
                readonly keyid: string;
                /** @description Ed25519 */
                readonly sig: string;
              }[];
            }
          | {
              readonly roster: readonly string[];
            };
      };
    };
    readonly responses: {
      /** @description OK */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/json': components['schemas']['Registered'];
        };
      };
      /** @description Created */
      readonly 201: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/json': components['schemas']['Registered'];
        };
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly writeCheckpoint: {
    readonly parameters: {
      readonly query?: never;
      readonly header: {
        /** @description standard base64 of an envelope of type write, signed by who writes */
        readonly 'Keyhold-Statement': string;
      };
      readonly path: {
        /** @description hash of genesis */
        readonly household: string;
        readonly run: string;
      };
      readonly cookie?: never;
    };
    /** @description a signed note */
    readonly requestBody: {
      readonly content: {
        readonly 'application/octet-stream': string;
      };
    };
    readonly responses: {
      /** @description No Content */
      readonly 204: {
        headers: {
          readonly [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly writeEnvelopes: {
    readonly parameters: {
      readonly query?: never;
      readonly header: {
        /** @description standard base64 of an envelope of type write, signed by who writes */
        readonly 'Keyhold-Statement': string;
      };
      readonly path: {
        readonly camera: string;
        readonly epoch: string;
        /** @description hash of genesis */
        readonly household: string;
      };
      readonly cookie?: never;
    };
    /** @description canonical JSON, Rows */
    readonly requestBody: {
      readonly content: {
        readonly 'application/octet-stream': string;
      };
    };
    readonly responses: {
      /** @description No Content */
      readonly 204: {
        headers: {
          readonly [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly writeErase: {
    readonly parameters: {
      readonly query?: never;
      readonly header: {
        /** @description standard base64 of an envelope of type write, signed by who writes */
        readonly 'Keyhold-Statement': string;
      };
      readonly path: {
        readonly current: string;
        /** @description hash of genesis */
        readonly household: string;
      };
      readonly cookie?: never;
    };
    /** @description envelope of an erase statement */
    readonly requestBody: {
      readonly content: {
        readonly 'application/octet-stream': string;
      };
    };
    readonly responses: {
      /** @description No Content */
      readonly 204: {
        headers: {
          readonly [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly writeKept: {
    readonly parameters: {
      readonly query?: never;
      readonly header: {
        /** @description standard base64 of an envelope of type write, signed by who writes */
        readonly 'Keyhold-Statement': string;
      };
      readonly path: {
        readonly camera: string;
        /** @description hash of genesis */
        readonly household: string;
      };
      readonly cookie?: never;
    };
    /** @description canonical JSON, Kept */
    readonly requestBody: {
      readonly content: {
        readonly 'application/octet-stream': string;
      };
    };
    readonly responses: {
      /** @description No Content */
      readonly 204: {
        headers: {
          readonly [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly writeLabel: {
    readonly parameters: {
      readonly query?: never;
      readonly header: {
        /** @description standard base64 of an envelope of type write, signed by who writes */
        readonly 'Keyhold-Statement': string;
      };
      readonly path: {
        readonly camera: string;
        /** @description hash of genesis */
        readonly household: string;
      };
      readonly cookie?: never;
    };
    /** @description one age file, at most 65,536 bytes */
    readonly requestBody: {
      readonly content: {
        readonly 'application/octet-stream': string;
      };
    };
    readonly responses: {
      /** @description No Content */
      readonly 204: {
        headers: {
          readonly [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly writeMail: {
    readonly parameters: {
      readonly query?: never;
      readonly header: {
        /** @description standard base64 of an envelope of type write, signed by who writes */
        readonly 'Keyhold-Statement': string;
      };
      readonly path: {
        /** @description hash of genesis */
        readonly household: string;
        readonly to: string;
      };
      readonly cookie?: never;
    };
    /** @description sealed, at most 65,536 bytes */
    readonly requestBody: {
      readonly content: {
        readonly 'application/octet-stream': string;
      };
    };
    readonly responses: {
      /** @description No Content */
      readonly 204: {
        headers: {
          readonly [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly writeNames: {
    readonly parameters: {
      readonly query?: never;
      readonly header: {
        /** @description standard base64 of an envelope of type write, signed by who writes */
        readonly 'Keyhold-Statement': string;
      };
      readonly path: {
        readonly current: string;
        /** @description hash of genesis */
        readonly household: string;
      };
      readonly cookie?: never;
    };
    /** @description one age file */
    readonly requestBody: {
      readonly content: {
        readonly 'application/octet-stream': string;
      };
    };
    readonly responses: {
      /** @description No Content */
      readonly 204: {
        headers: {
          readonly [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly writeObject: {
    readonly parameters: {
      readonly query?: never;
      readonly header: {
        /** @description standard base64 of an envelope of type write, signed by who writes */
        readonly 'Keyhold-Statement': string;
      };
      readonly path: {
        readonly camera: string;
        readonly hour: number;
        /** @description hash of genesis */
        readonly household: string;
        readonly object: string;
      };
      readonly cookie?: never;
    };
    /** @description age files end to end, at most 268,435,456 bytes */
    readonly requestBody: {
      readonly content: {
        readonly 'application/octet-stream': string;
      };
    };
    readonly responses: {
      /** @description No Content */
      readonly 204: {
        headers: {
          readonly [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly writePage: {
    readonly parameters: {
      readonly query?: never;
      readonly header: {
        /** @description standard base64 of an envelope of type write, signed by who writes */
        readonly 'Keyhold-Statement': string;
      };
      readonly path: {
        readonly camera: string;
        readonly epoch: string;
        readonly hour: number;
        /** @description hash of genesis */
        readonly household: string;
        readonly run: string;
      };
      readonly cookie?: never;
    };
    /** @description one age file, at most 4,194,304 bytes */
    readonly requestBody: {
      readonly content: {
        readonly 'application/octet-stream': string;
      };
    };
    readonly responses: {
      /** @description No Content */
      readonly 204: {
        headers: {
          readonly [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly writeReseal: {
    readonly parameters: {
      readonly query?: never;
      readonly header: {
        /** @description standard base64 of an envelope of type write, signed by who writes */
        readonly 'Keyhold-Statement': string;
      };
      readonly path: {
        readonly device: string;
        /** @description hash of genesis */
        readonly household: string;
      };
      readonly cookie?: never;
    };
    /** @description canonical JSON, Resealed */
    readonly requestBody: {
      readonly content: {
        readonly 'application/octet-stream': string;
      };
    };
    readonly responses: {
      /** @description No Content */
      readonly 204: {
        headers: {
          readonly [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly writeLink: {
    readonly parameters: {
      readonly query?: never;
      readonly header: {
        /** @description standard base64 of an envelope of type write, signed by who writes */
        readonly 'Keyhold-Statement': string;
      };
      readonly path: {
        /** @description hash of genesis */
        readonly household: string;
        readonly seq: number;
      };
      readonly cookie?: never;
    };
    /** @description envelope of a roster link */
    readonly requestBody: {
      readonly content: {
        readonly 'application/octet-stream': string;
      };
    };
    readonly responses: {
      /** @description No Content */
      readonly 204: {
        headers: {
          readonly [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly writeStatus: {
    readonly parameters: {
      readonly query?: never;
      readonly header: {
        /** @description standard base64 of an envelope of type write, signed by who writes */
        readonly 'Keyhold-Statement': string;
      };
      readonly path: {
        readonly current: string;
        /** @description hash of genesis */
        readonly household: string;
      };
      readonly cookie?: never;
    };
    /** @description envelope of a status statement */
    readonly requestBody: {
      readonly content: {
        readonly 'application/octet-stream': string;
      };
    };
    readonly responses: {
      /** @description No Content */
      readonly 204: {
        headers: {
          readonly [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly writeTile: {
    readonly parameters: {
      readonly query?: never;
      readonly header: {
        /** @description standard base64 of an envelope of type write, signed by who writes */
        readonly 'Keyhold-Statement': string;
      };
      readonly path: {
        /** @description hash of genesis */
        readonly household: string;
        readonly level: number;
        readonly n: number;
        readonly run: string;
      };
      readonly cookie?: never;
    };
    /** @description 1 to 256 hashes of 32 bytes */
    readonly requestBody: {
      readonly content: {
        readonly 'application/octet-stream': string;
      };
    };
    readonly responses: {
      /** @description No Content */
      readonly 204: {
        headers: {
          readonly [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly info: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description OK */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/json': components['schemas']['Info'];
        };
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly push: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    /** @description envelope of a push statement */
    readonly requestBody: {
      readonly content: {
        readonly 'application/json': {
          /** @description canonical JSON */
          readonly payload: string;
          readonly payloadType: string;
          readonly signatures: readonly {
            readonly keyid: string;
            /** @description Ed25519 */
            readonly sig: string;
          }[];
        };
      };
    };
    readonly responses: {
      /** @description OK */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/json': components['schemas']['Pushed'];
        };
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly receipt: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path: {
        /** @description hash of the erase statement */
        readonly hash: string;
      };
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description OK */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/json': components['schemas']['Receipt'];
        };
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly relays: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    /** @description envelope of a relays statement */
    readonly requestBody: {
      readonly content: {
        readonly 'application/json': {
          /** @description canonical JSON */
          readonly payload: string;
          readonly payloadType: string;
          readonly signatures: readonly {
            readonly keyid: string;
            /** @description Ed25519 */
            readonly sig: string;
          }[];
        };
      };
    };
    readonly responses: {
      /** @description OK */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/json': components['schemas']['Relays'];
        };
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly sheet: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path: {
        /** @description SHA-256 of keyhold/v1/sheet and the sheet's public signing key */
        readonly hash: string;
      };
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description OK */
      readonly 200: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/json': components['schemas']['SheetAnswer'];
        };
      };
      /** @description Error */
      readonly default: {
        headers: {
          readonly [name: string]: unknown;
        };
        content: {
          readonly 'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  readonly socket: {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly requestBody?: never;
    readonly responses: {
      /** @description Switching Protocols */
      readonly 101: {
        headers: {
          readonly [name: string]: unknown;
        };
        content?: never;
      };
    };
  };
}
