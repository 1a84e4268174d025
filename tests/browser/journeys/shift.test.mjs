// A cashier takes cash and a card at the window, the till is short, and the lead receives what is handed in: all by keyboard.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { desk } from '../support/desk.mjs';
import { demo as startDemo } from '../support/demo.mjs';
import { launch } from '../support/phone.mjs';

const SHOTS = fileURLToPath(new URL('../shots/', import.meta.url));

let browser;
let running;

before(async () => {
  [browser, running] = await Promise.all([launch(), startDemo()]);
});

after(async () => {
  await browser?.close();
  await running?.stop();
});

/** Presses Tab until the element that is meant has the focus, as somebody without a mouse does. */
async function tabTo(page, locator) {
  await locator.waitFor();
  for (let pressed = 0; pressed < 60; pressed += 1) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('the keyboard does not reach it');
}

/** Looks again until HIS has booked the payment, as somebody does who waits for the receipt. */
async function booked(person) {
  const state = person.page.locator('h1 .st').filter({ hasText: '已入账' });
  for (let looked = 0; looked < 30 && await state.count() === 0; looked += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await person.page.reload();
  }
  await state.waitFor();
}

async function presses(person, button) {
  await tabTo(person.page, button);
  await person.page.keyboard.press('Enter');
}

test('a shift with cash and a card is counted, is short, and is handed in', async () => {
  const cashier = await desk(browser, running, { allow: [/status of 409/] });
  const { page } = cashier;
  const keyboard = page.keyboard;
  await cashier.signsIn('0201');
  await cashier.heading('收费台');

  // No till, no money: the float comes first.
  await keyboard.press('Escape');
  await keyboard.press('w');
  await cashier.heading('窗口收款');
  await page.getByText('您还没有开班').waitFor();
  await presses(cashier, cashier.link('去开班'));
  await cashier.heading('开班');
  await page.locator('#fl:focus').waitFor();
  await keyboard.type('500');
  await cashier.look('cashier-shift-open');
  await keyboard.press('Enter');
  await cashier.heading('窗口收款');

  // A scan gun types the card and presses Enter.
  await page.locator('#ask:focus').waitFor();
  await keyboard.type(running.card_no);
  await keyboard.press('Enter');
  await cashier.heading(/待缴的费用/);
  const boxes = page.getByRole('checkbox');
  const owed = await boxes.count();
  assert.ok(owed >= 2, 'the demo\'s patient owes several slips');
  await tabTo(page, boxes.first());
  // Only the first one now: the others are paid by card.
  for (let at = 1; at < owed; at += 1) {
    await keyboard.press('Tab');
    await keyboard.press('Space');
  }
  await cashier.look('cashier-window');
  await presses(cashier, cashier.button('收现金'));
  await cashier.heading(/^收现金/);
  await page.locator('#td:focus').waitFor();
  await keyboard.type('500');
  // Enter reckons the change and takes nothing.
  await keyboard.press('Enter');
  await page.getByRole('status').filter({ hasText: '¥' }).waitFor();
  await cashier.look('cashier-window-till');
  await presses(cashier, cashier.button(/^已收现金 ¥/));
  await page.waitForURL(/\/orders\//);
  await page.getByText('已收现金 ¥').waitFor();
  await booked(cashier);
  await cashier.look('cashier-window-paid');

  await cashier.opens(`/window?q=${running.card_no}`);
  await presses(cashier, cashier.button('刷卡 POS'));
  await cashier.heading(/^刷卡 POS/);
  await page.locator('#tm:focus').waitFor();
  await keyboard.type('12345678');
  await keyboard.press('Tab');
  await keyboard.type('110123456789');
  await cashier.look('cashier-window-card');
  await presses(cashier, cashier.button(/^POS 已扣款 ¥/));
  await page.waitForURL(/\/orders\//);
  await booked(cashier);

  // The till is ten yuan short: four hundreds and nine tens are missing one ten.
  await cashier.opens('/shift');
  await cashier.heading(/^交款日结/);
  const expected = Number((await page.locator('.sumline.total').nth(1).locator('span').last().innerText()).replace(/,/g, ''));
  let left = Math.round(expected * 100) - 1000;
  await tabTo(page, page.locator('#d10000'));
  for (const face of [10000, 5000, 2000, 1000, 500, 100, 50, 10, 1]) {
    const pieces = Math.floor(left / face);
    left -= pieces * face;
    await keyboard.type(String(pieces));
    await keyboard.press('Tab');
  }
  await presses(cashier, cashier.button('核对清点'));
  await page.getByText('少 ¥10.00').waitFor();
  await cashier.look('cashier-shift');
  const close = cashier.button(/^结班并上缴现金 ¥/);
  await presses(cashier, close);
  await page.getByText('请写明原因').waitFor();
  await cashier.look('cashier-shift-why');
  await tabTo(page, page.locator('#dn'));
  await keyboard.type('一笔找零，患者当场未清点');
  const handed = (await close.innerText()).replace(/^.*¥/, '');
  await presses(cashier, close);
  await page.waitForURL(/\/sheet$/);
  await cashier.heading('收费员交款交接单');
  await page.getByText('少 ¥10.00').waitFor();
  await page.getByText(/^人民币.*整$|^人民币.*分$/).waitFor();
  await page.getByText('屏幕查看，不作交接凭证').waitFor();
  const sheet = page.url();
  // What is printed is counted, numbered and anchored; a look at the screen is none of it.
  await presses(cashier, cashier.button('打印交接单'));
  await page.waitForURL(/\/print$/);
  await page.getByText('第 1 次打印，').waitFor();
  await page.getByText(/^S[0-9A-Z]+\/1$/).waitFor();
  const anchor = await page.getByText(/^\d+:[0-9a-f]{16}$/).innerText();
  await cashier.look('cashier-shift-sheet');
  await mkdir(SHOTS, { recursive: true });
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 794, height: 1123 });
  assert.equal(await page.locator('.desk-bar').isVisible(), false, 'the bar is not printed');
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  assert.ok(height <= 1130, `the sheet is ${height} px high on a page of 1123`);
  await page.screenshot({ path: `${SHOTS}staff-cashier-shift-sheet-print.png`, fullPage: true });
  await page.emulateMedia({ media: 'screen' });

  const lead = await desk(browser, running);
  await lead.signsIn('0101');
  await lead.opens('/shifts');
  await lead.heading('全部班次');
  await lead.page.getByText(handed).waitFor();
  await lead.look('cashier-lead-shifts');
  await lead.page.goto(sheet);
  await presses(lead, lead.button(/^签收现金/));
  await lead.page.getByText('已签收现金').waitFor();
  await lead.page.getByText('已交接').waitFor();
  await lead.look('cashier-lead-shift-received');
  await lead.close();
  await cashier.close();
  const verified = await running.cli('verify', '--anchor', anchor);
  assert.deepEqual(verified.problems, []);
  assert.equal(verified.audit.kept.action, 'shift.closed');
});

/** Opens a shift of five hundred and counts so many yuan. */
async function counts(cashier, yuan) {
  const { page } = cashier;
  await cashier.opens('/shift');
  if (await page.locator('#fl').count() > 0) {
    await page.locator('#fl').fill('500');
    await page.keyboard.press('Enter');
    await cashier.heading('窗口收款');
    await cashier.opens('/shift');
  }
  await tabTo(page, page.locator('#d100'));
  await page.keyboard.press('Control+A');
  await page.keyboard.type(String(yuan));
  await presses(cashier, cashier.button('核对清点'));
}

test('a till that is far short is closed by two people and looked into by finance', async () => {
  const cashier = await desk(browser, running);
  const { page } = cashier;
  await cashier.signsIn('0201');
  await counts(cashier, 420);
  await page.getByText('少 ¥80.00', { exact: true }).waitFor();
  await page.getByText('差额超过 ¥50.00：先送组长会签').waitFor();
  await tabTo(page, page.locator('#dn'));
  await page.keyboard.type('抽屉卡住过，已翻找');
  await cashier.look('cashier-shift-far-short');
  await presses(cashier, cashier.button(/^送组长会签/));
  await page.getByText('差额已送组长会签').waitFor();
  await cashier.button('撤回会签').waitFor();
  await cashier.look('cashier-shift-asked');

  // The lead sends it back once, and countersigns the second time.
  const lead = await desk(browser, running, { allow: [/status of 409/] });
  await lead.signsIn('0101');
  await lead.opens('/shifts');
  await lead.page.getByText('差额待会签').first().waitFor();
  await presses(lead, lead.page.getByRole('row').filter({ hasText: '差额待会签' }).getByRole('link'));
  await lead.page.getByText('抽屉卡住过，已翻找').waitFor();
  await presses(lead, lead.button('退回重数'));
  await lead.page.getByText('退回时请写明理由').waitFor();
  await tabTo(lead.page, lead.page.locator('#bk'));
  await lead.page.keyboard.type('请再数一遍零钱');
  await presses(lead, lead.button('退回重数'));
  await lead.page.getByText('已退回，没有结班').waitFor();
  await counts(cashier, 430);
  await page.getByText('少 ¥70.00', { exact: true }).waitFor();
  await tabTo(page, page.locator('#dn'));
  await page.keyboard.type('重数多出十元，其余不明');
  await presses(cashier, cashier.button(/^送组长会签/));
  await page.getByText('差额已送组长会签').waitFor();
  await lead.page.reload();
  await lead.page.getByText('重数多出十元，其余不明').waitFor();
  await lead.look('cashier-lead-countersign');
  await presses(lead, lead.button(/^会签并结班/));
  await lead.page.waitForURL(/\/sheet$/);
  await lead.page.getByText(/由 林国栋.*会签/).waitFor();
  await presses(lead, lead.button('打印交接单'));
  await presses(lead, lead.link('返回'));
  await presses(lead, lead.button('再打印一次'));
  await lead.heading(/第 2 次打印/);
  await lead.look('cashier-lead-sheet-again');
  await lead.close();
  await cashier.close();

  const accountant = await desk(browser, running);
  await accountant.signsIn('0301');
  await accountant.opens('/finance');
  await accountant.page.getByText(/日结少 ¥70\.00，待核查/).waitFor();
  await accountant.look('finance-shift-to-look-into');
  await presses(accountant, accountant.link('核查'));
  await tabTo(accountant.page, accountant.page.locator('#lk'));
  await accountant.page.keyboard.type('监控已看，找零多给');
  await accountant.look('finance-shift-sheet');
  await presses(accountant, accountant.button('记下并办结'));
  await accountant.page.getByText('核查结果已记下').waitFor();
  await accountant.opens('/finance');
  assert.equal(await accountant.page.getByText('待核查').count(), 0);
  await accountant.close();
  const verified = await running.cli('verify');
  assert.deepEqual(verified.problems, []);
});
