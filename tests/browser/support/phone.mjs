// A patient's phone: a real Chromium with an app's user agent, which writes down everything that must not happen.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const SHOTS = fileURLToPath(new URL('../shots/', import.meta.url));
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148';
const PATIENCE_MS = 15_000;

export const WECHAT = `${IPHONE} MicroMessenger/8.0.44(0x18002c2d) NetType/WIFI Language/zh_CN`;
export const ALIPAY = `${IPHONE} NebulaSDK/1.8.100112 Nebula AliApp(AP/10.5.0) AlipayClient/10.5.0 Language/zh-Hans`;
export const SAFARI = `${IPHONE.replace('Mobile/15E148', 'Version/17.1 Mobile/15E148')} Safari/604.1`;

export const PHONE = { width: 390, height: 844 };
export const NARROW = { width: 320, height: 640 };
export const DESKTOP = { width: 1280, height: 800 };

/** One browser for a test file. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  });
}

/** A phone of its own: no cookie is shared with any other. */
export async function phone(browser, demo, { agent = WECHAT, size = PHONE, script = true, allow = [] } = {}) {
  const context = await browser.newContext({
    userAgent: agent, viewport: size, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', javaScriptEnabled: script,
    hasTouch: size.width < 600,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const device = new Phone(context, await demo.personal(), allow);
  await device.open();
  return device;
}

/** What is on this page can be used by everybody, as far as axe-core can tell. */
export async function usable(page, name) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const told = serious.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
  assert.deepEqual(told, [], `${name} cannot be used by everybody`);
}

class Phone {
  #context;
  #personal;
  #allowed;
  #wrongs = [];

  constructor(context, personal, allowed) {
    this.#context = context;
    this.#personal = personal;
    this.#allowed = allowed;
  }

  /** Another tab of the same app. */
  async open() {
    this.page = await this.#context.newPage();
    this.#watch(this.page);
    return this.page;
  }

  #watch(page) {
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.#wrong(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.#wrong(`script: ${error.message}`));
    page.on('request', (request) => this.#discreet('an address', decodeURIComponent(request.url())));
    page.on('domcontentloaded', () => {
      // A page that is left meanwhile has no title to look at.
      page.title().then((title) => this.#discreet('a title', title), () => {});
    });
  }

  #discreet(where, text) {
    for (const word of this.#personal) {
      if (text.includes(word)) this.#wrong(`personal data in ${where}`);
    }
  }

  #wrong(text) {
    if (!this.#allowed.some((pattern) => pattern.test(text))) this.#wrongs.push(`${text} (${this.page?.url()})`);
  }

  /** Waits for the page with this title; when it never comes, says which one stands there instead. */
  async heading(text) {
    try {
      await this.page.getByRole('heading', { level: 1, name: text }).waitFor();
    } catch (error) {
      const instead = await this.page.locator('h1').allTextContents();
      throw new Error(`expected ${text}, but the page is ${JSON.stringify(instead)} at ${this.page.url()}`, { cause: error });
    }
  }

  button(name) {
    return this.page.getByRole('button', { name });
  }

  link(name) {
    return this.page.getByRole('link', { name });
  }

  /** Looks at the page as it is: no sideways scroll at any width, nothing that a screen reader stumbles over, and a picture. */
  async look(name) {
    await this.discreetTitle();
    await this.fits(name);
    await this.accessible(name);
    await this.shoot(name);
  }

  async discreetTitle() {
    this.#discreet('a title', await this.page.title());
    assert.notEqual(await this.page.title(), '', 'a page without a title');
  }

  /** The whole page on a screen that is as long as it, so that the dock covers nothing. */
  async shoot(name) {
    const size = this.page.viewportSize();
    const long = await this.page.evaluate(() => document.documentElement.scrollHeight);
    await mkdir(SHOTS, { recursive: true });
    await this.page.setViewportSize({ width: size.width, height: Math.max(size.height, long) });
    await this.page.screenshot({ path: join(SHOTS, `${name}.png`), animations: 'disabled' });
    await this.page.setViewportSize(size);
  }

  async fits(name) {
    const size = this.page.viewportSize();
    for (const width of [NARROW.width, size.width]) {
      await this.page.setViewportSize({ width, height: size.height });
      const wide = await this.page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${name} is ${wide} px wide on a screen of ${width} px`);
    }
  }

  async accessible(name) {
    await usable(this.page, name);
  }

  /** Nothing wrong happened on any page, and the phone is put away. */
  async close() {
    await this.#context.close();
    assert.deepEqual(this.#wrongs, []);
  }
}
