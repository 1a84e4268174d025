// The same pages for other eyes: English, large type, a screen that runs no script.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { demo as startDemo } from '../support/demo.mjs';
import { SAFARI, launch, phone } from '../support/phone.mjs';
import { goToConfirm, openSheet, scan, typePassword } from '../support/steps.mjs';

describe('a patient who reads in another way', () => {
  let browser;
  let demo;

  before(async () => {
    browser = await launch();
  });

  // An order that one reader leaves open is not in the next one's way.
  beforeEach(async () => {
    demo = await startDemo();
  });

  afterEach(() => demo?.stop());

  after(() => browser?.close());

  test('without script comes as far as the last look, and pays the bills that were chosen', async () => {
    const device = await phone(browser, demo, { script: false });
    await scan(device, demo);
    await device.page.locator('label[for="slip-1"]').click();
    await device.shoot('plain-list');
    await goToConfirm(device);
    const amount = await device.page.locator('.hero__amount').textContent();
    assert.equal(amount, '¥157.46', 'the server has not added up the chosen ones only');
    await device.shoot('plain-confirm');
    await device.button(/¥/).click();
    await device.heading('正在打开微信支付');
    // Chromium gives what stands in noscript no place in its tree of texts, so it is read from the element.
    assert.match(await device.page.locator('noscript').textContent(), /这个浏览器打不开付款/);
    await device.shoot('plain-pay');
    await device.close();
  });

  test('gets large type that stays', async () => {
    const device = await phone(browser, demo);
    await scan(device, demo);
    const size = () => device.page.getByRole('heading', { level: 1 }).evaluate((h1) => Number.parseFloat(getComputedStyle(h1).fontSize));
    const standard = await size();
    await device.button('大字').click();
    await device.page.locator('button[aria-pressed=true]').waitFor();
    assert.ok(await size() > standard, 'large type is not larger');
    await device.look('elder-list');
    await device.button('下一步').click();
    await device.heading('短信发到哪个手机？');
    assert.equal(await device.page.locator('html.elder').count(), 1, 'large type was forgotten');
    await device.look('elder-phone');
    await device.button('下一步').click();
    await device.heading('核对后付款');
    await device.look('elder-confirm');
    await device.close();
  });

  test('in an ordinary browser chooses the app', async () => {
    const device = await phone(browser, demo, { agent: SAFARI });
    await device.page.goto(demo.link);
    await device.heading('用哪个付款？');
    await device.look('choose-app');
    await device.button('去付款').click();
    await device.heading(/待缴费/);
    await device.close();
  });

  test('finds chosen and typed again after changing the language', async () => {
    const device = await phone(browser, demo);
    const { page } = device;
    await scan(device, demo);
    await page.locator('label[for="slip-1"]').click();
    await device.button('English').click();
    await device.heading(/to pay/i);
    assert.equal(await page.locator('[data-sum]').textContent(), '¥157.46', 'the choice was forgotten');
    await device.button('Next').click();
    await page.locator('label[for="other"]').click();
    await page.locator('#phone').fill('13800009');
    await device.button('中文').click();
    await device.heading('短信发到哪个手机？');
    assert.equal(await page.locator('#phone').inputValue(), '13800009', 'what was typed is gone');
    await page.getByText('现在是 8 位').waitFor();
    await device.close();
  });

  test('pays in English', async () => {
    const device = await phone(browser, demo);
    const { page } = device;
    await scan(device, demo);
    await device.button('English').click();
    await device.heading(/to pay/i);
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    await device.look('english-list');
    await device.button('Next').click();
    await device.look('english-phone');
    await device.button('Next').click();
    await device.look('english-confirm');
    await openSheet(device);
    await typePassword(device);
    await device.heading(/^Paid$/);
    await device.look('english-result');
    await page.locator('.dock a.btn').click();
    await page.locator('main.receipt').waitFor();
    await device.look('english-receipt');
    await device.close();
  });
});
