// Records what workerd's D1 answers to the calls of a file of vectors, and writes the outcomes into it.
//
//     npm install --prefix FOLDER miniflare@5.20261117.0-beta
//     MINIFLARE=FOLDER/node_modules/miniflare node tools/record_vectors.mjs tests/vectors/random-vectors.json
//
// A vector has `setup`, one of `sql`, `batch` and `exec`, and `check`; the header of d1-vectors.json explains
// how they are written. Each runs on a new database of its own. Recording twice shows what is not repeatable.

import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const DATE = "2026-04-01"; // of compatibility, as of the first recording
const DATABASES = 250; // of one instance of the runtime
const AT_ONCE = 6;
const REFERENCE = "internal error; reference = "; // followed by 24 random characters
const MANY = 50; // results of larger batches are not kept

async function main(path) {
  const file = JSON.parse(await readFile(path, "utf8"));
  const recorded = [];
  for (let start = 0; start < file.vectors.length; start += DATABASES) {
    recorded.push(...(await recordAll(file.vectors.slice(start, start + DATABASES))));
  }
  const lines = recorded.map((vector) => JSON.stringify(vector)).join(",\n");
  await writeFile(path, `{"header": ${JSON.stringify(file.header)},\n"vectors": [\n${lines}\n]}\n`);
}

async function recordAll(vectors) {
  const runtime = await start(vectors.length);
  try {
    const recorded = [];
    for (let first = 0; first < vectors.length; first += AT_ONCE) {
      const some = vectors.slice(first, first + AT_ONCE);
      recorded.push(...(await Promise.all(some.map((one, place) => record(runtime, `D${first + place}`, one)))));
    }
    return recorded;
  } finally {
    await runtime.dispose();
  }
}

async function start(count) {
  const require = createRequire(resolve("package.json"));
  const { Miniflare, convertV4MiniflareOptions } = require(process.env.MINIFLARE ? resolve(process.env.MINIFLARE) : "miniflare");
  const d1Databases = Object.fromEntries(Array.from({ length: count }, (_, place) => [`D${place}`, `database-${place}`]));
  return new Miniflare(
    convertV4MiniflareOptions({ modules: true, compatibilityDate: DATE, d1Databases, script: worker() }),
  );
}

async function record(runtime, database, vector) {
  const steps = [...vector.setup, vector, ...(vector.check ?? [])];
  const body = JSON.stringify({ database, steps });
  const answer = await runtime.dispatchFetch("http://recorder.invalid/", { method: "POST", body });
  const outcomes = await answer.json();
  const failed = outcomes.slice(0, vector.setup.length).find((outcome) => !outcome.ok);
  if (failed) throw new Error(`${vector.id}: ${failed.error}`);
  const checks = outcomes.slice(vector.setup.length + 1);
  return withOutcome(vector, outcomes[vector.setup.length], checks);
}

function withOutcome(vector, outcome, checks) {
  const { error: _error, error_match: _match, cause: _cause, meta: _meta, check, ...call } = vector;
  const random = outcome.error?.startsWith(REFERENCE);
  const error = random ? `${REFERENCE}*` : (outcome.error ?? null);
  return {
    ...call,
    ok: outcome.ok,
    error,
    ...(random ? { error_match: "wildcard" } : {}),
    ...(error === null ? {} : { cause: error.replace(/^D1_ERROR: /, "") }),
    result: outcome.result ?? null,
    changes: outcome.changes ?? null,
    ...(outcome.meta ? { meta: outcome.meta } : {}),
    ...(check ? { check: check.map((one, place) => checked(one, checks[place])) } : {}),
  };
}

function checked(check, outcome) {
  const { result: _result, error: _error, ...call } = check;
  return outcome.ok ? { ...call, result: outcome.result } : { ...call, error: outcome.error };
}

// -- inside the runtime -------------------------------------------------------------------------------------

function worker() {
  const parts = [text, value, parameters, prepared, told, perform].map(String).join("\n");
  return `const MANY = ${MANY};\n${parts}\nexport default { fetch: ${String(answer).replace("function answer", "function")} };`;
}

async function answer(request, env) {
  const { database, steps } = await request.json();
  const outcomes = [];
  for (const step of steps) {
    try {
      outcomes.push({ ok: true, ...(await perform(env[database], step)) });
    } catch (error) {
      outcomes.push({ ok: false, error: String(error.message) });
    }
  }
  return Response.json(outcomes);
}

async function perform(database, step) {
  if (step.exec !== undefined) return { result: { count: (await database.exec(text(step.exec))).count } };
  if (step.batch !== undefined) {
    const statements = step.batch.flatMap((one) => Array.from({ length: one.times ?? 1 }, () => prepared(database, one)));
    const results = await database.batch(statements);
    const changes = results.reduce((sum, one) => sum + one.meta.changes, 0);
    return { result: results.length > MANY ? null : results.map((one) => one.results), changes };
  }
  const statement = prepared(database, step);
  if (step.method === "first") return { result: await (step.column === undefined ? statement.first() : statement.first(step.column)) };
  if (step.method === "raw") return { result: await statement.raw(step.options) };
  const { results, meta } = await statement.all();
  return { result: results, changes: meta.changes, meta: told(meta) };
}

function told({ last_row_id, changed_db, rows_read, rows_written }) {
  return { last_row_id, changed_db, rows_read, rows_written };
}

function prepared(database, one) {
  if (typeof one === "string" || one.sql === undefined) return database.prepare(text(one));
  const statement = database.prepare(text(one.sql));
  return one.params === undefined ? statement : statement.bind(...parameters(one.params));
}

function text(one) {
  if (typeof one === "string") return one;
  if (one.repeat) return text(one.repeat.text).repeat(one.repeat.times);
  if (one.concat) return one.concat.map(text).join("");
  if (one.utf16) return String.fromCharCode(...one.utf16);
  const { sep, template, from = 1, to } = one.join;
  return Array.from({ length: to - from + 1 }, (_, place) => template.replaceAll("{i}", from + place)).join(sep);
}

function parameters(list) {
  return list.flatMap((one) => {
    if (!one?.spread) return [value(one)];
    const { from, to, values, times } = one.spread;
    if (values) return Array.from({ length: times }, () => values.map(value)).flat();
    return Array.from({ length: to - from + 1 }, (_, place) => from + place);
  });
}

function value(one) {
  if (one === null || typeof one !== "object") return one;
  if (one.js === undefined) return text(one);
  const kinds = {
    undefined: () => undefined,
    NaN: () => NaN,
    Infinity: () => Infinity,
    "-Infinity": () => -Infinity,
    "-0": () => -0,
    BigInt: () => BigInt(one.value),
    Symbol: () => Symbol(),
    Function: () => function f() {},
    Date: () => new Date("2024-01-02T03:04:05Z"),
    Map: () => new Map(),
    Object: () => ({}),
    String: () => new String(one.value),
    Number: () => new Number(one.value),
    Array: () => one.value.map(value),
    "Uint8Array.fill": () => new Uint8Array(one.length).fill(one.byte),
    DataView: () => new DataView(new ArrayBuffer(2)),
    ArrayBuffer: () => new Uint8Array(one.value).buffer,
    Uint8Array: () => new Uint8Array(one.value),
    Int8Array: () => new Int8Array(one.value),
    Uint16Array: () => new Uint16Array(one.value),
    Float64Array: () => new Float64Array(one.value),
  };
  return kinds[one.js]();
}

await main(process.argv[2]);
