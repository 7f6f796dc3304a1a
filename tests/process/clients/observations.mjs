// What the scripts of Node.js share: their arguments, and the lines that they write (_side_by_side.py reads them).
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [name, protocolText, folder, portText, tlsPortText, authorityFile] = process.argv.slice(2);
export const protocol = Number(protocolText);
export const port = Number(portText);
export const tlsPort = Number(tlsPortText);
export const authority = readFileSync(authorityFile);
export const library = createRequire(join(folder, "package.json"))(name);
export const password = "password-of-default";
export const appPassword = "password-of-app";
export const deadlineMs = 30_000;
export const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

const longest = 1000;

// As JSON can say it, with nothing that depends on order or on the moment.
export function plain(value) {
  if (value instanceof Error) {
    const inner = typeof value.errors === "function" ? value.errors() : value.errors;
    const errors = inner ? { errors: [...inner].map(plain) } : {};
    return { raised: value.constructor.name, text: value.message, ...errors };
  }
  if (Buffer.isBuffer(value)) return { bytes: plain(value.toString("latin1")) };
  if (typeof value === "string" && value.length > longest) {
    return { length: value.length, hash: createHash("sha256").update(value, "latin1").digest("hex") };
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Set) return [...value].map(plain).sort();
  if (value instanceof Map) value = Object.fromEntries(value);
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "bigint") return `${value}n`;
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, plain(value[key])]));
  }
  return value === undefined ? "undefined" : value;
}

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

// Does it, and says what came of it; gives that.
export async function see(step, action) {
  let saw;
  try {
    saw = await settled(action(), step);
  } catch (error) {
    saw = error;
  }
  say({ step, saw: plain(saw) });
  return saw;
}

export function settled(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`too late: ${what}`)), deadlineMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const answers = createInterface({ input: process.stdin });
export async function restart() {
  const answer = new Promise((resolve) => answers.once("line", resolve));
  say({ ask: "restart" });
  await settled(answer, "the restart");
}
// A library's timers do not keep it.
export function end() {
  process.stdout.write("", () => process.exit(0));
}

// Times differ from run to run; whether they are what was asked for does not.
export const near = (value, expected) => (value > expected - 60_000 && value <= expected ? "as asked" : value);

// What events bring, one at a time.
export class Heard {
  #heard = [];
  #waiting = [];

  add(what) {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(what);
    else this.#heard.push(what);
  }
  next() {
    return this.#heard.length ? Promise.resolve(this.#heard.shift()) : new Promise((resolve) => this.#waiting.push(resolve));
  }
}
