// An ordinary browser: the patient says which app pays, goes to its cashier page, and comes back to the result.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { demo as startDemo } from '../support/demo.mjs';
import { ledger } from '../support/hospital.mjs';
import { SAFARI, launch, phone } from '../support/phone.mjs';
import { goToConfirm, payButton, typePassword } from '../support/steps.mjs';

describe('a patient in an ordinary browser', () => {
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

  // What is chosen beforehand is WeChat: a first try of the demo goes this way.
  for (const [app, name] of [['wechat', null], ['alipay', '支付宝']]) {
    test(`pays with ${app} on its page for browsers`, async () => {
      const device = await phone(browser, demo, { agent: SAFARI });
      await device.page.goto(demo.link);
      await device.heading('用哪个付款？');
      if (name) await device.page.locator(`label[for="app-${app}"]`).click();
      await device.button('去付款').click();
      await device.heading(/待缴费/);
      await goToConfirm(device);
      await payButton(device).click();
      await device.heading(/^去.*付款$/);
      await device.look(`browser-${app}-pay`);
      await device.link(/^打开/).click();
      await device.heading('输入模拟支付密码');
      await typePassword(device);
      await device.heading('支付成功');
      assert.equal((await ledger(demo)).length, 3);
      await device.close();
    });
  }
});
