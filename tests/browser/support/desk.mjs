// A computer at a window or on a desk: Chromium at the size of an old screen, which writes down everything that must not happen.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SHOTS = fileURLToPath(new URL('../shots/', import.meta.url));
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PATIENCE_MS = 15_000;
const USED = new Set();
const SMALL = { width: 1366, height: 768 };
const LARGE = { width: 1920, height: 1080 };

/** A browser of its own for one person: no cookie is shared with anybody. */
export async function desk(browser, demo, { script = true, allow = [] } = {}) {
  const context = await browser.newContext({
    viewport: SMALL, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', javaScriptEnabled: script,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  return new Desk(context, page, demo, allow);
}

class Desk {
  #context;
  #demo;
  #allowed;
  #wrongs = [];

  constructor(context, page, demo, allowed) {
    this.#context = context;
    this.#demo = demo;
    this.#allowed = allowed;
    this.page = page;
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.#wrong(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.#wrong(`script: ${error.message}`));
  }

  #wrong(text) {
    if (!this.#allowed.some((pattern) => pattern.test(text))) this.#wrongs.push(`${text} (${this.page.url()})`);
  }

  async opens(path) {
    await this.page.goto(new URL(path, this.#demo.staff_url).href);
  }

  button(name) {
    return this.page.getByRole('button', { name });
  }

  link(name) {
    return this.page.getByRole('link', { name });
  }

  async heading(text) {
    try {
      await this.page.getByRole('heading', { level: 1, name: text }).waitFor();
    } catch (error) {
      const instead = await this.page.locator('h1').allTextContents();
      throw new Error(`expected ${text}, but the page is ${JSON.stringify(instead)} at ${this.page.url()}`, { cause: error });
    }
  }

  /** Signs in by keyboard alone, with the code that the person's phone shows when one is asked for. */
  async signsIn(staffNo) {
    await this.opens('/sign-in');
    await this.page.locator('#u:focus').waitFor();
    await this.page.keyboard.type(staffNo);
    await this.page.keyboard.press('Tab');
    await this.page.keyboard.type(this.#demo.staff_password);
    await this.page.keyboard.press('Enter');
    await this.page.waitForURL((url) => url.pathname !== '/sign-in');
    if (new URL(this.page.url()).pathname === '/sign-in/code') {
      await this.page.locator('#c:focus').waitFor();
      await this.page.keyboard.type(await this.code(staffNo));
      await this.page.keyboard.press('Enter');
      await this.page.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
    }
  }

  /** A code works once: whoever signs in again waits for the next one, as a person does. */
  async code(staffNo) {
    const url = new URL('/control/authenticator', this.#demo.simulator_url);
    for (;;) {
      const shown = await (await fetch(url)).json();
      const { code } = shown.find(({ account }) => account.startsWith(staffNo));
      if (!USED.has(code)) {
        USED.add(code);
        return code;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  /** The places in the navigation: their addresses. */
  async places() {
    return this.page.locator('.side nav a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  }

  /** Nothing that a screen reader stumbles over. */
  async #usable(name) {
    assert.notEqual(await this.page.title(), '', 'a page without a title');
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    const told = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
    assert.deepEqual(told, [], `${name} cannot be used by everybody`);
  }

  /** No sideways scroll on a screen of that size. */
  async #fits(size, name) {
    await this.page.setViewportSize(size);
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= size.width, `${name} is ${wide} px wide on a screen of ${size.width} px`);
  }

  /**
   * Looks at the page as it is: nothing that a screen reader stumbles over, no sideways scroll at either size, and a picture of the small
   * one; of the large one too when MINGFEN_SHOTS=all.
   */
  async look(name) {
    await this.#usable(name);
    await mkdir(SHOTS, { recursive: true });
    for (const size of [LARGE, SMALL]) {
      await this.#fits(size, name);
      if (size === LARGE && process.env.MINGFEN_SHOTS !== 'all') continue;
      const more = size === LARGE ? '-1920' : '';
      await this.page.screenshot({ path: join(SHOTS, `staff-${name}${more}.png`), animations: 'disabled' });
    }
  }

  /** The same, with pictures of the whole page at both sizes and as it is printed. */
  async pictures(directory, name) {
    await this.page.pdf({ path: join(directory, `${name}.pdf`), preferCSSPageSize: true, printBackground: true });
    for (const size of [LARGE, SMALL]) {
      await this.page.setViewportSize(size);
      await this.page.screenshot({ path: join(directory, `${name}-${size.width}.png`), animations: 'disabled', fullPage: true });
    }
    await this.#usable(name);
    for (const size of [LARGE, SMALL]) await this.#fits(size, name);
  }

  /** Nothing wrong happened on any page, and the computer is left. */
  async close() {
    await this.#context.close();
    assert.deepEqual(this.#wrongs, []);
  }
}
