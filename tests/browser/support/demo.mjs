// Starts the built program's demo, one for each test file, and stops it again.
// A demo is the real gateway with its real configuration; only the other side of every wire is simulated.

import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const READY_WITHIN_MS = 30_000;
// Days that were lived before take their time in an unoptimised build.
const LIVED_WITHIN_MS = 900_000;
const ATTEMPTS = 20;

function binary() {
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
  const path = process.env.MINGFEN_BIN ?? join(target, 'debug', 'mingfen');
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: build it with "cargo build -p mingfen-cli", or name another one in MINGFEN_BIN`);
  }
  return path;
}

function isFree(port) {
  return new Promise((answer) => {
    const server = createServer();
    server.once('error', () => answer(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => answer(true)));
  });
}

// Three neighbours, as the demo wants them. Each process looks in a place of its own, below the ports that the kernel gives.
async function freePorts(attempt) {
  const first = 20_000 + ((process.pid * 3 + attempt * 301) % 12_000);
  const free = await Promise.all([first, first + 1, first + 2].map(isFree));
  return free.every(Boolean) ? first : undefined;
}

// A journey meets the hospital on its first day, and is quicker for it; who wants days before that asks for them by `--history`.
function start(port, card, more) {
  const lived = more.includes('--history');
  const past = lived ? [] : ['--no-history'];
  const options = ['demo', '--json', '--port', String(port), ...past, ...(card ? ['--card', card] : []), ...more];
  const child = spawn(binary(), options, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ready = new Promise((resolve, reject) => {
    let said = '';
    let complained = '';
    const timer = setTimeout(() => reject(new Error(`the demo was not ready in time; it said: ${said}${complained}`)), lived ? LIVED_WITHIN_MS : READY_WITHIN_MS);
    child.stderr.on('data', (chunk) => { complained += chunk; });
    child.stdout.on('data', (chunk) => {
      said += chunk;
      try {
        resolve(JSON.parse(said));
        clearTimeout(timer);
      } catch {
        // Not all of it has arrived.
      }
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}: ${complained}`)));
  });
  return { child, ready };
}

/** A demo that is ready: the addresses it printed, the patient on its slip, `cli` for the program's other commands, and `stop`. */
export async function demo({ card, more = [] } = {}) {
  let refusal;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = await freePorts(attempt);
    if (port === undefined) continue;
    const { child, ready } = start(port, card, more);
    try {
      const printed = await ready;
      return new Demo(child, printed);
    } catch (error) {
      child.kill('SIGKILL');
      refusal = error;
    }
  }
  throw refusal ?? new Error('no three neighbouring ports are free');
}

class Demo {
  #child;

  constructor(child, printed) {
    this.#child = child;
    Object.assign(this, printed);
  }

  /** Runs another command of the program on this demo's configuration and gives what it printed as JSON. */
  async cli(...words) {
    const { stdout } = await run(binary(), [...words, '--json', '--config', this.config]);
    return JSON.parse(stdout);
  }

  /** What must never stand in an address, a title or a log: as the hospital knows it, of the patient on the slip. */
  async personal() {
    const page = await (await fetch(`${this.his_url}?card=${this.card_no}`)).text();
    const head = /<h2>([^<]+)<\/h2><span class="quiet">([^<]+)<\/span>/.exec(page);
    if (!head) throw new Error('the demo HIS page names no patient');
    return [head[1], ...head[2].split(' · ').filter((word) => /^[\dA-Z]{8,}$/.test(word))];
  }

  async stop() {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGINT');
    await ended;
  }
}
