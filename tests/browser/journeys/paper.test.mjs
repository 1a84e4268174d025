// The fee slip on paper: what stands on it, and that its code opens the bills.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { demo as startDemo } from '../support/demo.mjs';
import { launch, phone } from '../support/phone.mjs';

describe('a fee slip on paper', () => {
  let browser;
  let demo;
  let folder;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mingfen-paper-'));
    [browser, demo] = await Promise.all([launch(), startDemo()]);
  });

  after(async () => {
    await browser?.close();
    await demo?.stop();
    if (folder) await rm(folder, { recursive: true });
  });

  for (const [paper, width] of [['a5', 640], ['80mm', 340], ['58mm', 260]]) {
    test(`on ${paper} names nobody in full and its code opens the bills`, async () => {
      const out = join(folder, `${paper}.html`);
      const { link } = await demo.cli('slip', demo.card_no, '--paper', paper, '--out', out);
      const device = await phone(browser, demo, { size: { width, height: 900 } });
      await device.page.goto(pathToFileURL(out).href);
      await device.heading('门诊缴费单');
      await device.page.getByText('¥403.46').waitFor();
      const read = await device.page.locator('body').textContent();
      for (const word of await demo.personal()) assert.ok(!read.includes(word), 'personal data on paper');
      const side = await device.page.locator('svg.qr').evaluate((code) => code.getBoundingClientRect().width);
      assert.ok(side > 150 && side < width, `a code of ${side} px`);
      await device.shoot(`slip-${paper}`);

      await device.page.goto(link);
      await device.heading(/待缴费/);
      await device.close();
    });
  }
});
