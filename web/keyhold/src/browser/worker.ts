// SPDX-License-Identifier: Apache-2.0

/**
 * The worker: keys, checks and opened footage live here, apart from the page. It answers calls and
 * tells what changed.
 */
import { openElsewhere } from '../crypto/age.ts';
import { againOf } from '../sync/again.ts';
import { carry } from '../sync/carry.ts';
import { signAct } from '../sync/order.ts';
import { readCode } from '../sync/create.ts';
import { faultOf } from '../sync/fault.ts';
import type { Members } from '../sync/members.ts';
import { replaceHub } from '../sync/replace.ts';
import { PageClouds } from './clouds.ts';
import { DatabaseStore } from './db.ts';
import { Host } from './host.ts';
import type { Newcomer } from './newcomer.ts';
import { OpenerPool } from './pool.ts';
import { AlertNames } from '../push/names.ts';
import { Phones } from '../sync/phones.ts';
import type { Calls, CallName, FromWorker, ToWorker, WireFault } from './wire.ts';

interface Scope {
  postMessage(message: FromWorker, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}

interface Call {
  readonly id: number;
  readonly signal: AbortSignal;
}

type Handlers = {
  [N in CallName]: (call: Call, ...args: Calls[N]['args']) => Promise<Calls[N]['result']>;
};

const scope = globalThis as unknown as Scope;
const running = new Map<number, AbortController>();
const writing = new Map<number, (ok: boolean) => void>();
let host: Promise<Host> | null = null;
/** Its keys and what was proved before are there; nothing newer is known yet. */
let opened: Promise<Host> | null = null;
let alerts: { readonly store: DatabaseStore; readonly names: AlertNames } | null = null;

function tell(message: FromWorker, transfer: Transferable[] = []): void {
  scope.postMessage(message, transfer);
}

/** Windows of one browser tell each other that the household is with another cloud now. */
const windows = new BroadcastChannel('keyhold-cloud');

async function open(origin: string, own: boolean): Promise<[Host, boolean]> {
  const pool = new OpenerPool();
  openElsewhere((key, body) => pool.open(key, body));
  const clouds = new PageClouds(origin, own);
  const store = await DatabaseStore.open();
  const names = new AlertNames(store);
  alerts = { store, names };
  const telling: typeof tell = (message, transfer) => {
    tell(message, transfer);
    names.hear(message);
  };
  const made = new Host(clouds, store, telling, () => windows.postMessage('moved'));
  windows.onmessage = () => void made.movedElsewhere();
  return [made, await made.open()];
}

function start(origin: string, own: boolean): void {
  const opening = open(origin, own);
  opened = opening.then(([made]) => made);
  host = opening.then(async ([made, belongs]) => {
    if (belongs) await made.start();
    return made;
  });
  opened.catch(() => undefined); // said below
  host.catch(() => tell({ phase: 'anonymous' }));
}

async function ready(): Promise<Host> {
  if (host === null) throw new Error('the worker was not started');
  return host;
}

/**
 * For what does not wait until everything was checked. A picture comes from the hub that the kept roster names, and the
 * hub looks at the right itself: whoever stands at the door waits for nothing else.
 */
async function early(): Promise<Host> {
  if (opened === null) throw new Error('the worker was not started');
  return opened;
}

async function newcomer(): Promise<Newcomer> {
  return (await ready()).newcomer;
}

async function members(): Promise<Members> {
  return (await ready()).members();
}

async function phones(): Promise<Phones> {
  const { engine, commands } = (await ready()).home();
  return new Phones(engine, alerts!.store, (op, patience) => commands.send(op, patience));
}

/** Hands a piece of an export to the page and waits until it is written. */
async function piece(call: Call, bytes: Uint8Array): Promise<void> {
  call.signal.throwIfAborted();
  const own = bytes.slice();
  const written = new Promise<boolean>((resolve) => writing.set(call.id, resolve));
  tell({ piece: call.id, bytes: own }, [own.buffer]);
  if (!(await written)) throw new DOMException('the file could not be written', 'AbortError');
}

const handlers: Handlers = {
  readInvitation: async (_, link) => (await newcomer()).readInvitation(link),
  join: async ({ id }, link, names) =>
    (await newcomer()).join(link, names, (step, words) =>
      tell({ step: id, name: step, ...(words === undefined ? {} : { words }) }),
    ),
  recover: async ({ id }, words, name, hubCode) => {
    const own = await newcomer();
    const was = await own.recover(words, name, hubCode, (step) => tell({ step: id, name: step }));
    // It has seen nothing but what the cloud has shown it just now.
    const home = (await ready()).home();
    await carry(home, was, false);
    const brought = { stars: await home.stars.bring(was), again: againOf(was) };
    return hubCode === '' ? null : brought;
  },
  replaceHub: async ({ id, signal }, hubCode) => {
    const own = await ready();
    const { engine } = own.home();
    const onFound = (): void => tell({ step: id, name: 'hub' });
    const was = await replaceHub(engine, engine.cloud, readCode(hubCode), onFound, {
      seconds: own.seconds(),
      onAsking: (value) => tell({ asking: id, value }),
      signal,
    });
    await carry(own.home(), was, true);
    return { stars: await own.home().stars.bring(was), again: againOf(was) };
  },
  agreeHub: async (_, ask) => (await ready()).seconds().agree(ask),
  declineHub: async (_, ask) => (await ready()).seconds().decline(ask),
  comeBack: async ({ id }, answer, name) =>
    (await newcomer()).comeBack(answer, name, (step) => tell({ step: id, name: step })),
  wishPasskey: async () => (await members()).wishPasskey(),
  usePasskey: async (_, made) => (await members()).usePasskey(made),
  trail: async () => (await members()).trail(),
  readNews: async () => (await members()).readNews(),
  removeDevice: async (_, device) => (await members()).removeDevice(device),
  removePerson: async (_, person) => (await members()).removePerson(person),
  askRemoval: async (_, person) => (await members()).askRemoval(person),
  secondRemoval: async (_, ask) => (await members()).second(ask),
  objectRemoval: async (_, person) => (await members()).object(person),
  outBySheet: async (_, person, words) => (await members()).outBySheet(person, words),
  leave: async () => (await members()).leave(),
  invite: async (_, offer, origin) => (await members()).invite(offer, origin),
  confirmInvited: async (_, id) => (await members()).confirm(id),
  declineInvited: async (_, id) => (await members()).decline(id),
  setRights: async (_, person, role, rights) => (await members()).setRights(person, role, rights),
  newSheet: async () => (await members()).newSheet(),
  checkSheet: async (_, words) => (await members()).checkSheet(words),
  useSheet: async (_, rotate) => (await members()).useSheet(rotate),
  giveCode: async (_, id, shown) => (await ready()).code(id, shown),
  cancelChange: async (_, id) => (await ready()).cancel(id),
  create: async ({ id }, wish) =>
    (await newcomer()).create(wish, (step) => tell({ step: id, name: step })),
  confirmSheet: async ({ id }) =>
    (await newcomer()).confirmSheet((step) => tell({ step: id, name: step })),
  addCamera: async (_, ...camera) => (await ready()).home().tending.add(...camera),
  lookForCameras: async () => (await ready()).home().findings.look(),
  tryCamera: async (_, found, user, password) =>
    (await ready()).home().findings.try(found, user, password),
  addFound: async (_, ...camera) => (await ready()).home().tending.addFound(...camera),
  checkCameras: async () => (await ready()).home().findings.check(),
  renameCamera: async (_, camera, name) => (await ready()).home().tending.rename(camera, name),
  setRoom: async (_, camera, room) => (await ready()).home().tending.setRoom(camera, room),
  setSpeaker: async (_, camera, url) => (await ready()).home().tending.setSpeaker(camera, url),
  trySpeaker: async (_, camera) => (await ready()).home().tending.trySpeaker(camera),
  lights: async () => (await ready()).home().tending.lights.all(),
  setLight: async (_, camera, light) => (await ready()).home().tending.lights.set(camera, light),
  tryLight: async (_, camera) => (await ready()).home().tending.lights.try(camera),
  removeCamera: async (_, camera) => (await ready()).home().tending.remove(camera),
  askNewest: async () => (await ready()).home().askNewest(),
  visits: async (_, from) => (await ready()).home().alerts.visits(from),
  moment: async (_, camera, number) => (await ready()).home().alerts.moment(camera, number),
  snoozes: async () => (await ready()).home().alerts.snoozes(),
  snooze: async (_, camera, until) => (await ready()).home().alerts.snooze(camera, until),
  quiets: async () => (await ready()).home().alerts.quiets.list(),
  setQuiet: async (_, camera, hours) => (await ready()).home().alerts.quiets.set(camera, hours),
  bells: async () => (await ready()).home().alerts.bells(),
  setBell: async (_, camera, bell) => (await ready()).home().alerts.setBell(camera, bell),
  recorded: async () => (await ready()).home().recording.list(),
  setRecorded: async (_, camera, form) => (await ready()).home().recording.set(camera, form),
  masks: async () => (await ready()).home().masks.list(),
  childRooms: async () => (await ready()).home().children.list(),
  setChildRoom: async (_, camera, on) => (await ready()).home().children.set(camera, on),
  doors: async () => (await ready()).home().doors.list(),
  setDoor: async (_, camera, wish, shown) => (await ready()).home().doors.set(camera, wish, shown),
  wishOpen: async (_, camera) => (await ready()).home().doors.wish(camera),
  openDoor: async (_, act, shown) => (await ready()).home().doors.open(act, shown),
  channels: async () => (await ready()).home().outside.channels(),
  integrations: async () => (await ready()).home().outside.integrations(),
  addOutside: async (_, wish, shown) => (await ready()).home().outside.add(wish, shown),
  testChannel: async (_, name) => (await ready()).home().outside.test(name),
  removeChannel: async (_, name) => (await ready()).home().outside.removeChannel(name),
  removeIntegration: async (_, name) => (await ready()).home().outside.removeIntegration(name),
  setMasks: async (_, camera, masks, last) => (await ready()).home().masks.set(camera, masks, last),
  alertKey: async () => (await phones()).key(),
  subscribeAlerts: async (_, to, language, tag) => {
    await (await phones()).subscribe(to, language, tag);
    await alerts?.names.keep();
  },
  unsubscribeAlerts: async () => (await phones()).unsubscribe(),
  alertsWanted: async () => (await phones()).wanted(),
  testAlert: async () => (await phones()).test(),
  phones: async () => (await phones()).list(),
  privates: async () => (await ready()).home().privates.list(),
  setPrivate: async (_, camera, wish) => (await ready()).home().setPrivate(camera, wish),
  stars: async (_, camera) => (await ready()).home().stars.list(camera),
  setStar: async (_, camera, moment, on) => (await ready()).home().stars.set(camera, moment, on),
  offerView: async ({ signal }, cameras, sdp, lost) => {
    const { views } = (await early()).home();
    if (lost) views.anew();
    return views.offer(cameras, sdp, signal);
  },
  signAct: async (_, challenged) => signAct((await ready()).home().engine, challenged),
  relays: async () => (await early()).home().views.relays(),
  endView: async (_, view) => (await early()).home().views.end(view),
  looks: async (_, from) => (await ready()).looks(from),
  timeline: async (_, camera, from, until) => (await ready()).home().timeline(camera, from, until),
  preview: async (_, camera, at) => (await ready()).home().preview(camera, at),
  openPlayback: async (_, camera, from, until) =>
    (await ready()).home().playbacks.open(camera, from, until),
  read: async ({ signal }, playback, index) =>
    (await ready()).home().playbacks.read(playback, index, signal),
  closePlayback: async (_, playback) => (await ready()).home().playbacks.close(playback),
  exportRange: async (call, camera, from, until) =>
    (await ready()).home().exportRange(
      camera,
      from,
      until,
      (bytes) => piece(call, bytes),
      (value) => tell({ progress: call.id, value }),
      call.signal,
    ),
  exportStretch: async (call, camera, from, until) =>
    (await ready()).home().exportRange(
      camera,
      from,
      until,
      (bytes) => piece(call, bytes),
      (value) => tell({ progress: call.id, value }),
      call.signal,
      true,
    ),
  stretches: async (_, camera, from, until) =>
    (await ready()).home().stretches(camera, from, until),
  eraseAll: async () => (await ready()).eraseAll(),
  keepAll: async () => (await ready()).leaving().keepAll(),
  move: async (_, address) => (await ready()).moving().begin(address),
  moveOn: async () => (await ready()).moving().resume(),
  follow: async (_, address) => (await ready()).moving().follow(address),
  readMove: async () => (await ready()).moving().read(),
  eraseLeft: async () => (await ready()).eraseLeft(),
  cloudAddress: async () => (await ready()).cloudAddress(),
  receipt: async () => (await ready()).leaving().receipt(),
  forget: async () => (await ready()).forget(),
  acknowledge: async (_, alarm) => (await ready()).home().engine.alarms.acknowledge(alarm),
};

/** What may move to the page instead of being copied. */
function transferOf(value: unknown): Transferable[] {
  if (value instanceof Uint8Array) return [value.buffer as ArrayBuffer];
  if (typeof value === 'object' && value !== null && 'bitmap' in value) {
    return [(value as { bitmap: ImageBitmap }).bitmap];
  }
  return [];
}

async function run(id: number, name: CallName, args: readonly unknown[]): Promise<void> {
  const control = new AbortController();
  running.set(id, control);
  try {
    const handler = handlers[name] as (call: Call, ...args: unknown[]) => Promise<unknown>;
    const value = await handler({ id, signal: control.signal }, ...args);
    tell({ done: id, value }, transferOf(value));
  } catch (error) {
    const { kind, message, id: cloudId, rule } = faultOf(error);
    const fault: WireFault = {
      kind,
      message,
      ...(cloudId === undefined ? {} : { id: cloudId }),
      ...(rule === undefined ? {} : { rule }),
    };
    tell({ failed: id, fault });
  } finally {
    running.delete(id);
    writing.delete(id);
  }
}

scope.onmessage = ({ data }) => {
  if ('start' in data) {
    if (import.meta.env.MODE === 'mutant') globalThis.__keyholdMutant = data.start.mutant;
    start(data.start.origin, data.start.own);
  } else if ('call' in data) {
    void run(data.call, data.name, data.args);
  } else if ('abort' in data) {
    running.get(data.abort)?.abort();
  } else {
    writing.get(data.written)?.(!data.failed);
  }
};
