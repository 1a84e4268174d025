// From the code on the slip to the receipt, in both apps; and what the hospital then knows.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { demo as startDemo } from '../support/demo.mjs';
import { ALIPAY, DESKTOP, WECHAT, launch, phone } from '../support/phone.mjs';
import { goToConfirm, openSheet, scan, typePassword } from '../support/steps.mjs';

for (const [app, agent] of [['wechat', WECHAT], ['alipay', ALIPAY]]) {
  describe(`a patient in ${app}`, () => {
    let browser;
    let demo;
    let device;

    before(async () => {
      [browser, demo] = await Promise.all([launch(), startDemo()]);
      device = await phone(browser, demo, { agent });
    });

    after(async () => {
      await browser?.close();
      await demo?.stop();
    });

    test('pays all that is owed and finds it everywhere', async () => {
      const { page } = device;
      await scan(device, demo);
      await device.look(`${app}-list`);

      await page.getByRole('link', { name: /看明细/ }).first().click();
      await page.getByText('收费项目').first().waitFor();
      await device.look(`${app}-detail`);
      await device.link('看好了，返回清单').click();

      await device.heading(/待缴费/);
      await device.button('下一步').click();
      await device.heading('短信发到哪个手机？');
      await device.look(`${app}-phone`);
      await device.button('下一步').click();
      await device.heading('核对后付款');
      await device.look(`${app}-confirm`);
      const owed = await page.locator('.hero__amount').textContent();

      await openSheet(device);
      await device.look(`${app}-sheet`);
      assert.ok((await page.locator('.yuan').textContent()).includes(owed.replace(/[¥,]/g, '')), 'the sheet names another amount');
      await typePassword(device);
      await device.heading('支付成功');
      assert.equal(await page.locator('.hero__amount').textContent(), owed);
      await device.look(`${app}-result`);

      await device.link('查看收据').click();
      await device.heading('门诊收费收据');
      await device.look(`${app}-receipt`);
      await device.link('返回').click();
      await device.heading('支付成功');
      await device.link('缴费记录').click();
      await device.heading('最近的缴费记录');
      await page.getByText('已付款').first().waitFor();
      await device.look(`${app}-history`);
      await device.link('看待缴费清单').click();
      await device.heading('现在没有要缴的费用');
      await device.look(`${app}-nothing`);
      await device.close();
    });

    test('is charged at the hospital, too', async () => {
      const desk = await phone(browser, demo, { size: DESKTOP, allow: [/personal data/] });
      await desk.page.goto(`${demo.his_url}?card=${demo.card_no}`);
      const rows = desk.page.getByRole('row').filter({ hasText: /已收|已缴|已付/ });
      await rows.first().waitFor();
      await desk.shoot(`${app}-his-desktop`);
      await desk.close();
    });
  });
}
