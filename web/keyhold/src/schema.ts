// SPDX-License-Identifier: Apache-2.0

import { fromBase64, utf8, type Bytes } from './bytes.ts';
import { parse, type Json } from './canon.ts';
import { must } from './mutant.ts';
import { RuleError } from './rule.ts';

/**
 * What a payload may look like. Reading has two passes, as docs/protocol.md 1.1 wants: `shape`
 * looks at fields and JSON types of the whole value, only then `read` looks at what they say.
 */
export interface Schema<T> {
  shape(value: Json): boolean;
  /** Called with a value of the right shape. Throws a RuleError. */
  read(value: Json): T;
  /** A field that may be absent; present, it says something. */
  readonly optional?: true;
}

export type Read<S> = S extends Schema<infer T> ? T : never;

/** Steps 1 to 5 of the reading order. */
export function decode<T>(input: Uint8Array, schema: Schema<T>, limit?: number): T {
  const value = parse(input, limit);
  must(schema.shape(value), 'shape', 'a field is missing, unknown or of another type');
  return schema.read(value);
}

function field(ok: boolean, what: string): asserts ok {
  if (!ok) throw new RuleError('field', `a field is not ${what}`);
}

function string<T>(what: string, read: (text: string) => T | null): Schema<T> {
  return {
    shape: (value) => typeof value === 'string',
    read(value) {
      const out = read(value as string);
      field(out !== null, what);
      return out;
    },
  };
}

/** A text of at most `max` bytes. */
export const text = (max = 1024, min = 0): Schema<string> =>
  string(`a text of ${min} to ${max} bytes`, (t) => {
    const size = utf8(t).length;
    return size >= min && size <= max ? t : null;
  });

export const oneOf = <T extends string>(...words: readonly T[]): Schema<T> =>
  string(`one of ${words.join(', ')}`, (t) => words.find((word) => word === t) ?? null);

export const matching = (form: RegExp): Schema<string> =>
  string(`of the form ${form.source}`, (t) => (form.test(t) ? t : null));

/** Bytes as base64: exactly `size`, or between it and `max`. */
export const bytes = (size = -1, max = size): Schema<Bytes> =>
  string(size < 0 ? 'base64' : `base64 of ${size} to ${max} bytes`, (t) => {
    const out = fromBase64(t);
    return out !== null && (size < 0 || (out.length >= size && out.length <= max)) ? out : null;
  });

// The last letter carries bits that stand for nothing: they are zero in the one spelling.
const hashForm = /^[a-z2-7]{51}[aq]$/;
const idForm = /^[a-z2-7]{25}[aeimquy4]$/;

export function isHash(value: string): boolean {
  return hashForm.test(value);
}

export type IdPrefix = 'per' | 'dev' | 'pas' | 'cam' | 'epo' | 'obj' | 'run' | 'vie' | 'fnd';

export function isId(prefix: IdPrefix, value: string): boolean {
  return value.startsWith(prefix + '_') && idForm.test(value.slice(4));
}

/** A hash in text form; the household's id too. */
export const hash: Schema<string> = string('a hash', (t) => (isHash(t) ? t : null));

/** A random id, or one of the words that may stand in its place. */
export const id = (prefix: IdPrefix, ...words: readonly string[]): Schema<string> =>
  string(`a ${prefix} id`, (t) => (words.includes(t) || isId(prefix, t) ? t : null));

/** The id of a device or a passkey, or one of the words that may stand in its place. */
export const keyId = (...words: readonly string[]): Schema<string> =>
  string('the id of a device or a passkey', (t) =>
    words.includes(t) || isId('dev', t) || isId('pas', t) ? t : null,
  );

export const integer = (min = 0, max = Number.MAX_SAFE_INTEGER): Schema<number> => ({
  shape: (value) => typeof value === 'number',
  read(value) {
    field((value as number) >= min && (value as number) <= max, 'in range');
    return value as number;
  },
});

/** Milliseconds since 1970. */
export const time = integer(0);

export const boolean: Schema<boolean> = {
  shape: (value) => typeof value === 'boolean',
  read: (value) => value as boolean,
};

export const list = <T>(item: Schema<T>, min = 0, max = Number.MAX_SAFE_INTEGER): Schema<T[]> => ({
  shape: (value) => Array.isArray(value) && value.every((one) => item.shape(one as Json)),
  read(value) {
    const items = value as readonly Json[];
    field(items.length >= min && items.length <= max, 'of the right length');
    return items.map((one) => item.read(one));
  },
});

export function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && !Array.isArray(value);
}

type Fields = Readonly<Record<string, Schema<unknown>>>;
type Optional<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly optional: true } ? K : never;
}[keyof F];
export type Shaped<F extends Fields> = { [K in Exclude<keyof F, Optional<F>>]: Read<F[K]> } & {
  [K in Optional<F>]?: Read<F[K]>;
};

/** A field that may be absent. A writer leaves out what is empty, so empty is refused. */
export const optional = <T>(schema: Schema<T>): Schema<T> & { readonly optional: true } => ({
  shape: (value) => schema.shape(value),
  read(value) {
    field(
      value !== '' &&
        value !== 0 &&
        value !== false &&
        !(Array.isArray(value) && value.length === 0),
      'left out when empty',
    );
    return schema.read(value);
  },
  optional: true,
});

export const object = <F extends Fields>(fields: F): Schema<Shaped<F>> => {
  const names = Object.keys(fields);
  return {
    shape: (value) =>
      isObject(value) &&
      Object.keys(value).every((name) => Object.hasOwn(fields, name)) &&
      names.every((name) =>
        Object.hasOwn(value, name)
          ? fields[name]!.shape(value[name]!)
          : fields[name]!.optional === true,
      ),
    read(value) {
      const given = value as { readonly [key: string]: Json };
      const out: Record<string, unknown> = {};
      for (const name of names)
        if (Object.hasOwn(given, name)) out[name] = fields[name]!.read(given[name]!);
      return out as Shaped<F>;
    },
  };
};

type Variants = Readonly<Record<string, Schema<{ readonly kind: string }>>>;
export type Varied<V extends Variants> = {
  [K in keyof V & string]: Omit<Read<V[K]>, 'kind'> & { readonly kind: K };
}[keyof V & string];

/** One of several objects, told apart by `kind`. A kind that is not among them has no shape. */
export const variant = <V extends Variants>(variants: V): Schema<Varied<V>> => {
  const of = (value: Json): Schema<{ readonly kind: string }> | null => {
    const kind = isObject(value) ? value['kind'] : undefined;
    return typeof kind === 'string' && Object.hasOwn(variants, kind) ? variants[kind]! : null;
  };
  return {
    shape: (value) => of(value)?.shape(value) ?? false,
    read: (value) => of(value)!.read(value) as unknown as Varied<V>,
  };
};

/** Any canonical value: for results whose form is known to the one who asked. */
export const anything: Schema<Json> = { shape: () => true, read: (value) => value };

/** A schema with a further condition over the whole value. */
export const where = <T>(
  schema: Schema<T>,
  holds: (value: T) => boolean,
  what: string,
): Schema<T> => ({
  shape: (value) => schema.shape(value),
  read(value) {
    const out = schema.read(value);
    field(holds(out), what);
    return out;
  },
});
