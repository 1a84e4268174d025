// Every page in every state, on the narrowest screen and in large type: nothing scrolls sideways.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { NARROW, launch } from '../support/phone.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Paper has a width of its own. */
const ON_PAPER = /^print-slip/;

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
