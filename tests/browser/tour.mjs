// A walk through every page of the staff's screens in a hospital with a history: each person follows each link once, and every kind of
// page is looked at (axe-core, sideways scroll) and pictured at both sizes and on paper.
//
//   npm --prefix tests/browser run tour [DAYS [DIRECTORY]]
//
// DAYS of history, 90 when not said; pictures go to shots/tour. MINGFEN_BIN names the program, a release build by choice.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { desk } from './support/desk.mjs';
import { demo as startDemo } from './support/demo.mjs';
import { launch } from './support/phone.mjs';

const [days = '90', given] = process.argv.slice(2);
const DIRECTORY = given ? resolve(given) : fileURLToPath(new URL('shots/tour/', import.meta.url));
// Of one kind of page so many are looked at: they differ by state.
const OF_A_KIND = 3;
const PERSONS = ['0301', '0501', '0101', '0201', '0901', '0601'];
const FILES = /\.(csv|xlsx|pdf|zip)$|\/(export|events|original|raw)(\/|$)/;

/** What kind of page an address leads to: numbers, days and names of things left out. */
function kind(path) {
  return path.split('/').map((part) => (/\d/.test(part) ? 'x' : part)).join('/');
}

async function links(page) {
  const hrefs = await page.locator('a[href]:not([download])').evaluateAll((all) => all.map((link) => link.href));
  return hrefs.map((href) => new URL(href)).filter((url) => url.origin === new URL(page.url()).origin && !FILES.test(url.pathname));
}

async function walk(browser, running, staffNo, seen, wrongs) {
  // What the facts forbid is answered with 409, which Chromium notes.
  const person = await desk(browser, running, { allow: [/status of 4\d\d/] });
  await person.signsIn(staffNo);
  const waiting = [new URL(person.page.url())];
  const met = new Set();
  while (waiting.length > 0) {
    const url = waiting.shift();
    if (met.has(url.pathname)) continue;
    met.add(url.pathname);
    const sort = kind(url.pathname);
    const before = seen.get(sort) ?? 0;
    if (before >= OF_A_KIND) continue;
    seen.set(sort, before + 1);
    const answer = await person.page.goto(url.href);
    const name = `${sort === '/' ? 'home' : sort.slice(1).replaceAll('/', '_')}-${before + 1}`;
    process.stdout.write(`${staffNo} ${answer.status()} ${url.pathname} ${name}\n`);
    if (answer.status() >= 500) wrongs.push(`${url.pathname} answered ${answer.status()}`);
    try {
      await person.pictures(DIRECTORY, name);
    } catch (error) {
      wrongs.push(`${url.pathname}: ${error.message}`);
    }
    waiting.push(...await links(person.page));
  }
  await person.close();
}

await mkdir(DIRECTORY, { recursive: true });
const [browser, running] = await Promise.all([launch(), startDemo({ more: ['--history', days] })]);
const wrongs = [];
try {
  const seen = new Map();
  for (const staffNo of PERSONS) await walk(browser, running, staffNo, seen, wrongs);
  process.stdout.write(`${seen.size} kinds of pages, pictures in ${join(DIRECTORY)}\n`);
} finally {
  await browser.close();
  await running.stop();
}
assert.deepEqual(wrongs, []);
