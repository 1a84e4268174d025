// Codes that are not ours, fingers that press twice, tabs that are open twice.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { demo as startDemo } from '../support/demo.mjs';
import { ledger, slipNumbers } from '../support/hospital.mjs';
import { launch, phone } from '../support/phone.mjs';
import { goToConfirm, payButton, scan, typePassword } from '../support/steps.mjs';

/** The gateway has exactly so many orders for the patient's first slip; its story of them. */
async function orders(demo, count) {
  const [slip] = await slipNumbers(demo);
  const story = await demo.cli('order', slip);
  const stored = story.steps.filter(({ what }) => what.startsWith('order stored'));
  assert.equal(stored.length, count, JSON.stringify(story.steps));
  return story;
}

describe('a mistake', () => {
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

  test('a code that was tampered with opens nothing and says not to pay to it', async () => {
    const device = await phone(browser, demo, { allow: [/status of 404/] });
    const at = demo.link.length - 10;
    const other = demo.link[at] === 'A' ? 'B' : 'A';
    const answer = await device.page.goto(demo.link.slice(0, at) + other + demo.link.slice(at + 1));
    assert.equal(answer.status(), 404);
    await device.heading('这个码不能用');
    await device.page.getByText('请不要向这个码付款').waitFor();
    await device.look('link-invalid');
    await device.close();
  });

  test('a page without a slip\'s code shows nobody\'s bills', async () => {
    const device = await phone(browser, demo, { allow: [/status of 4\d\d/] });
    await device.page.goto(`${demo.public_url}/slips`);
    await device.heading(/再扫一次码/);
    await device.look('session-over');
    await device.page.goto(`${demo.public_url}/nothing-here`);
    await device.heading('没有这个页面');
    await device.look('not-found');
    await device.close();
  });

  test('no bill chosen is asked for again', async () => {
    const device = await phone(browser, demo);
    await scan(device, demo);
    for (const number of [1, 2, 3]) await device.page.locator(`label[for="slip-${number}"]`).click();
    const button = device.button('请先勾选');
    await button.waitFor();
    assert.ok(await button.isDisabled());
    await device.page.locator('label[for="slip-3"]').click();
    assert.equal(await device.page.locator('[data-sum]').textContent(), '¥25.00');
    await device.close();
  });

  test('a wrong phone number is explained where it was typed', async () => {
    const device = await phone(browser, demo, { allow: [/status of 422/] });
    await scan(device, demo);
    await device.button('下一步').click();
    await device.page.locator('label[for="other"]').click();
    await device.page.getByLabel('手机号', { exact: true }).fill('1380000123');
    await device.button('下一步').click();
    await device.page.getByText('手机号是 11 位数字，现在是 10 位').waitFor();
    await device.look('phone-error');
    await device.page.getByLabel('手机号', { exact: true }).fill('138 0000 9999');
    await device.button('下一步').click();
    await device.heading('核对后付款');
    await device.page.getByText('138****9999').waitFor();
    await device.close();
  });

  test('pressing twice opens one order', async () => {
    const device = await phone(browser, demo);
    await scan(device, demo);
    await goToConfirm(device);
    await payButton(device).dblclick({ noWaitAfter: true });
    await device.heading('输入模拟支付密码');
    await orders(demo, 1);
    await device.close();
  });

  test('pressing in two tabs opens no second order and pays once', async () => {
    const device = await phone(browser, demo);
    await scan(device, demo);
    await goToConfirm(device);
    const first = device.page;
    const second = await device.open();
    await second.goto(`${demo.public_url}/confirm`);
    await device.heading('核对后付款');
    await Promise.all([first, second].map((page) => page.getByRole('button', { name: /¥/ }).click()));
    // Both are led to the same order, whoever came first.
    await Promise.all([first, second].map((page) => page.getByRole('heading', { name: '输入模拟支付密码' }).waitFor()));
    await typePassword(device);
    await device.heading('支付成功');
    assert.equal((await ledger(demo)).length, 3);
    assert.equal((await orders(demo, 1)).received_fen, 40346);
    await device.close();
  });
});
