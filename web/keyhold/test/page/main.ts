// SPDX-License-Identifier: Apache-2.0

/** What the Chromium tests call: the same modules that the app bundles. */
import { Decrypter, Encrypter, generateHybridIdentity, identityToRecipient } from 'age-encryption';
import { Connection } from '../../src/browser/connection.ts';
import { DatabaseStore } from '../../src/browser/db.ts';
import { makeDevice, useDevice, type KeptDevice } from '../../src/browser/keys.ts';
import { equal, utf8 } from '../../src/bytes.ts';
import { Identity, recipientText } from '../../src/crypto/age.ts';
import { open, seal } from '../../src/crypto/box.ts';
import { verify } from '../../src/crypto/sign.ts';

const info = utf8('{}');

async function kept(): Promise<KeptDevice> {
  const store = await DatabaseStore.open('keyhold-test');
  const found = await store.get<KeptDevice>('device');
  if (found !== undefined) return found;
  const made = await makeDevice();
  await store.set('device', made);
  return made;
}

const tests = {
  /** Id and public keys of the device that this browser keeps. */
  async device(): Promise<{ id: string; sign: number[]; recipient: string; native: boolean }> {
    const device = await kept();
    const handles = [device.signing, device.mlkem, device.x25519];
    return {
      id: device.id,
      sign: [...device.sign],
      recipient: recipientText(device.reader),
      native: handles.every((handle) => handle instanceof CryptoKey && !handle.extractable),
    };
  },

  async signs(): Promise<boolean> {
    const { signer } = useDevice(await kept());
    const signature = await signer.sign(info);
    return (
      (await verify(signer.publicKey, info, signature)) &&
      !(await verify(signer.publicKey, utf8('x'), signature))
    );
  },

  async opensWhatWasSealed(): Promise<string> {
    const { reader } = useDevice(await kept());
    const sealed = await seal(reader.publicKey, info, info, utf8('good evening'));
    return new TextDecoder().decode(await open(reader, info, info, sealed));
  },

  /** The offer of a view of so many cameras. */
  async offer(cameras: number): Promise<string> {
    const connection = new Connection(cameras, Promise.resolve([]));
    const sdp = await connection.offer;
    connection.close();
    return sdp;
  },

  /** How long it takes to open an age file of 2.5 MB, as a part of what age's own code takes: each the best of ten. */
  async opensBesideAge(): Promise<number> {
    const plain = crypto.getRandomValues(new Uint8Array(65_536));
    const large = new Uint8Array(2_500_000);
    for (let at = 0; at < large.length; at += plain.length) {
      large.set(plain.subarray(0, Math.min(plain.length, large.length - at)), at);
    }
    const text = await generateHybridIdentity();
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(text));
    const file = await encrypter.encrypt(large);
    const identity = await Identity.parse(text);
    const decrypter = new Decrypter();
    decrypter.addIdentity(text);
    const best = { own: Infinity, age: Infinity };
    for (let i = 0; i < 10; i++) {
      for (const [who, open] of [
        ['own', () => identity.open(file)],
        ['age', () => decrypter.decrypt(file)],
      ] as const) {
        const begin = performance.now();
        const opened = await open();
        best[who] = Math.min(best[who], performance.now() - begin);
        if (!equal(opened, large)) throw new Error('opened to something else');
      }
    }
    return best.own / best.age;
  },
};

declare global {
  var keyholdTests: typeof tests;
}
globalThis.keyholdTests = tests;
