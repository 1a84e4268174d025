// A cashier finds a payment, gives it back with a second person's approval, and the patient's money arrives.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desk } from '../support/desk.mjs';
import { demo as startDemo } from '../support/demo.mjs';
import { ledger } from '../support/hospital.mjs';
import { launch, phone } from '../support/phone.mjs';
import { pay } from '../support/steps.mjs';

let browser;
let running;

before(async () => {
  [browser, running] = await Promise.all([launch(), startDemo()]);
});

after(async () => {
  await browser?.close();
  await running?.stop();
});

test('a refund above the limit is asked for by one and approved by another', async () => {
  const patient = await phone(browser, running);
  await pay(patient, running);
  const [{ number: bill }] = await ledger(running);

  const cashier = await desk(browser, running);
  await cashier.signsIn('0201');
  await cashier.heading('收费台');
  await cashier.look('cashier-desk');
  // The box has the focus: a scan gun types and presses Enter.
  await cashier.page.keyboard.type(running.card_no);
  await cashier.page.keyboard.press('Enter');
  await cashier.page.waitForURL(/\/orders\//);
  await cashier.look('cashier-order');
  await cashier.page.keyboard.press('r');
  await cashier.heading(/^退费/);
  await cashier.look('cashier-refund');
  await cashier.link('整笔，全部缴费单').click();
  await cashier.look('cashier-refund-chosen');
  await cashier.button(/提交审批 · 退款 ¥/).click();
  await cashier.page.getByText('请对患者说').waitFor();
  await cashier.look('cashier-refund-waiting');
  const waiting = cashier.page.url();

  const lead = await desk(browser, running);
  await lead.signsIn('0101');
  await lead.opens('/refunds');
  await lead.look('cashier-lead-refunds-waiting');
  await lead.page.getByRole('link', { name: '审批', exact: true }).click();
  await lead.heading('审批退费');
  await lead.look('cashier-lead-approve');
  await lead.button(/批准 · 退款 ¥/).click();
  await lead.page.waitForURL(/\/refunds/);
  await lead.close();

  // The cashier's page hears of it by itself.
  await cashier.page.goto(waiting);
  await cashier.page.getByText('已到账').first().waitFor({ timeout: 30_000 });
  await cashier.look('cashier-refund-arrived');
  await cashier.close();

  await patient.page.reload();
  await patient.heading('已退回给您');
  await patient.close();
  const story = await running.cli('order', bill);
  assert.equal(story.refunded_fen, story.received_fen);
});

test('an auditor finds the payment too, and no button that changes anything', async () => {
  const auditor = await desk(browser, running);
  await auditor.signsIn('0601');
  await auditor.opens(`/orders?q=${running.card_no}`);
  await auditor.page.waitForURL(/\/orders\//);
  for (const word of ['退费', '向渠道再查询']) {
    assert.equal(await auditor.page.locator('main').getByRole('button', { name: word }).count(), 0, word);
    assert.equal(await auditor.page.locator('main').getByRole('link', { name: word, exact: true }).count(), 0, word);
  }
  await auditor.look('auditor-order');
  await auditor.close();
});
