// The sheet is closed without paying: nothing is claimed that is not known, and going on never pays twice.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { demo as startDemo } from '../support/demo.mjs';
import { ledger } from '../support/hospital.mjs';
import { ALIPAY, WECHAT, launch, phone } from '../support/phone.mjs';
import { goToConfirm, openSheet, scan, typePassword } from '../support/steps.mjs';

for (const [app, agent] of [['wechat', WECHAT], ['alipay', ALIPAY]]) {
  describe(`a patient in ${app} who closes the sheet`, () => {
    let browser;
    let demo;

    before(async () => {
      browser = await launch();
    });

    beforeEach(async () => {
      demo = await startDemo();
    });

    afterEach(() => demo?.stop());

    after(() => browser?.close());

    test('is told the truth, is not charged, and can go on with the same order', async () => {
      const device = await phone(browser, demo, { agent });
      await scan(device, demo);
      await goToConfirm(device);
      await openSheet(device);
      await device.link('取消付款').click();
      await device.page.waitForURL(/\/result\//);
      // The app said that it was closed, and the provider that nothing was paid.
      await device.heading('没有付成功');
      await device.page.getByText('钱没有扣').waitFor();
      await device.look(`${app}-cancelled`);
      assert.equal(await device.page.getByText('支付成功').count(), 0);
      assert.deepEqual(await ledger(demo), [], 'the hospital has charged somebody who did not pay');

      await device.button(/再付一次/).click();
      await device.heading('输入模拟支付密码');
      await typePassword(device);
      await device.heading('支付成功');
      const charged = await ledger(demo);
      assert.equal(charged.length, 3);
      assert.equal(new Set(charged.map(({ number }) => number)).size, 1, 'more than one bill was charged');
      await device.close();
    });

    test('can choose other bills instead, and pays only those', async () => {
      const device = await phone(browser, demo, { agent });
      await scan(device, demo);
      await goToConfirm(device);
      await openSheet(device);
      await device.link('取消付款').click();
      await device.page.waitForURL(/\/result\//);

      await scan(device, demo);
      // Begun before, so nothing is chosen beforehand.
      await device.page.getByText('刚才的付款在等结果').first().waitFor();
      await device.look(`${app}-begun`);
      for (const number of [2, 3]) await device.page.locator(`label[for="slip-${number}"]`).click();
      await goToConfirm(device);
      await openSheet(device);
      await typePassword(device);
      await device.heading('支付成功');
      const charged = await ledger(demo);
      assert.deepEqual(charged.map(({ amount }) => amount).sort(), ['132.46', '25.00']);
      await device.close();
    });
  });
}
