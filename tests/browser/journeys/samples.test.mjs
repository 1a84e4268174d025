// Every page in every state: those of patients on the narrowest screen and in large type, those of staff on a desk and on paper.
// Nothing scrolls sideways.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { NARROW, launch, usable } from '../support/phone.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Paper has a width of its own. */
const ON_PAPER = /^print-slip/;
/** The smallest screen on a desk in finance. */
const DESK = { width: 1366, height: 768 };

let browser;
let gallery;

before(async () => {
  gallery = await mkdtemp(join(tmpdir(), 'mingfen-gallery-'));
  const words = ['run', '--quiet', '-p', 'mingfen-pages', '--example', 'gallery', '--', gallery];
  await promisify(execFile)('cargo', words, { cwd: ROOT });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  if (gallery) await rm(gallery, { recursive: true });
});

/** Runs in the page: the first elements that stand out of the screen, or nothing. */
function outside() {
  for (const fold of document.querySelectorAll('details')) fold.open = true;
  const screen = document.documentElement.clientWidth;
  const stands = (node) => {
    const { left, right } = node.getBoundingClientRect();
    // The dots in front of parts are cut off at the left on purpose.
    return (left >= -0.5 || node.closest('.parts')) && right <= screen + 0.5;
  };
  // Positioned by hand: hidden words for screen readers, a checkbox behind its picture.
  const away = (node) => node.closest('.sr, .skip') || getComputedStyle(node).position === 'absolute';
  const out = [...document.querySelectorAll('body *')].filter((node) => !away(node) && !stands(node));
  const names = out.slice(0, 2).map((node) => node.outerHTML.slice(0, 80));
  return document.documentElement.scrollWidth > screen ? [`${document.documentElement.scrollWidth} px`, ...names] : names;
}

test('no page is wider than the narrowest screen', async () => {
  const files = (await readdir(gallery)).filter((name) => /^(\d|print)/.test(name) && !ON_PAPER.test(name));
  assert.ok(files.length > 200, `only ${files.length} pages were written`);
  const page = await (await browser.newContext({ viewport: NARROW })).newPage();
  const wide = [];
  for (const name of files) {
    await page.goto(pathToFileURL(join(gallery, name)).href);
    const found = await page.evaluate(outside);
    if (found.length) wide.push(`${name}: ${found.join(' ')}`);
  }
  assert.deepEqual(wide, []);
});

test('a report fits a desk and can be used by everybody', async () => {
  const files = (await readdir(gallery)).filter((name) => /^finance-.*(zh-CN|en)\.html$/.test(name));
  assert.ok(files.length >= 12, `only ${files.length} reports were written`);
  const page = await (await browser.newContext({ viewport: DESK })).newPage();
  for (const name of files) {
    await page.goto(pathToFileURL(join(gallery, name)).href);
    assert.deepEqual(await page.evaluate(outside), [], name);
    await usable(page, name);
  }
});

test('the report of a day that agrees is one sheet of A4', async () => {
  const page = await (await browser.newContext({ viewport: DESK })).newPage();
  for (const [name, sheets] of [['finance-run-report-agrees-signed', 1], ['finance-run-report', 2]]) {
    await page.goto(pathToFileURL(join(gallery, `${name}.zh-CN.html`)).href);
    const pdf = (await page.pdf({ preferCSSPageSize: true, printBackground: true })).toString('latin1');
    assert.equal(pdf.match(/\/Type \/Page\b(?!s)/g)?.length, sheets, name);
    assert.match(pdf, /\/MediaBox \[0 0 59[45][.\d]* 84[12]/);
  }
});
