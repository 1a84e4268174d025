// The hospital gives money back, and the patient sees it arrive.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { demo as startDemo } from '../support/demo.mjs';
import { ledger, until } from '../support/hospital.mjs';
import { DESKTOP, launch, phone } from '../support/phone.mjs';
import { pay } from '../support/steps.mjs';

let browser;
let demo;

before(async () => {
  [browser, demo] = await Promise.all([launch(), startDemo()]);
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

test('a refund by the cashier arrives at the patient and in the hospital\'s book', async () => {
  const device = await phone(browser, demo);
  await pay(device, demo);
  const [{ number: bill }] = await ledger(demo);
  const paid = await demo.cli('order', bill);
  assert.equal(paid.received_fen, 40346);

  const refund = await demo.cli('refund', bill, '--reason', '检查取消', '--yes');
  assert.equal(refund.amount_fen, 40346);
  await device.page.reload();
  // From here on the page asks by itself, for as long as the provider takes.
  await device.heading(/正在退款给您|已退回给您/);
  await device.page.getByText('检查取消').waitFor();
  await device.shoot('refunding');
  await device.heading('已退回给您');
  await device.look('refunded');
  await device.page.getByText(refund.out_refund_no).waitFor();
  await device.link('缴费记录').click();
  await device.page.getByText('已退款').first().waitFor();
  await device.look('refunded-history');

  await until(async () => (await ledger(demo)).some(({ what }) => what === '退费'));
  const [back] = await ledger(demo);
  assert.deepEqual([back.number, back.amount], [refund.out_refund_no, '−403.46']);
  const story = await demo.cli('order', bill);
  assert.equal(story.refunded_fen, story.received_fen);
  await device.close();

  const desk = await phone(browser, demo, { size: DESKTOP, allow: [/personal data/] });
  await desk.page.goto(`${demo.his_url}?card=${demo.card_no}`);
  await desk.page.getByText('已全退').first().waitFor();
  await desk.shoot('refunded-his-desktop');
  await desk.close();
});
