// What an administrator changes, and how another person has to agree before it holds.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desk } from '../support/desk.mjs';
import { demo } from '../support/demo.mjs';
import { launch } from '../support/phone.mjs';

let browser;
let running;

before(async () => {
  [browser, running] = await Promise.all([launch(), demo()]);
});

after(async () => {
  await browser?.close();
  await running?.stop();
});

test('a limit and a message are changed by two people, each after a look at what it will do', async () => {
  const administrator = await desk(browser, running);
  await administrator.signsIn('0901');
  await administrator.opens('/admin/limits');
  await administrator.page.getByRole('link', { name: '提出改动' }).click();
  await administrator.heading('提出改动');
  await administrator.page.getByLabel('最多，元', { exact: true }).fill('50000.00');
  await administrator.button('试算').click();
  await administrator.page.getByText('¥100,000.00 → ¥50,000.00').waitFor();
  await administrator.page.getByLabel('为什么改').fill('试运行期间先收紧');
  await administrator.look('limits-trial');
  await administrator.button('提交给第二人').click();
  await administrator.page.getByText('已提交，等第二人批准后生效').waitFor();
  await administrator.look('limits-proposed');
  const limits = new URL(administrator.page.url()).pathname;
  assert.equal(await administrator.button('批准并生效').count(), 0, 'nobody approves their own proposal');

  await administrator.opens('/admin/notices/paid/zh-CN');
  await administrator.page.getByLabel('模板编号').fill('SMS_4820117');
  await administrator.page.getByLabel('原文').fill('您已缴费 {amount} 元，凭证号 {voucher}。');
  await administrator.button('预览').click();
  await administrator.page.getByText('您已缴费 1,234,567.89 元，凭证号 2K7M 40QX。').waitFor();
  await administrator.page.getByLabel('为什么改').fill('运营商重新审核');
  await administrator.look('message-preview');
  await administrator.button('提交给第二人').click();
  await administrator.page.getByText('已提交，等第二人批准后生效').waitFor();
  const message = new URL(administrator.page.url()).pathname;

  const lead = await desk(browser, running);
  await lead.signsIn('0501');
  await lead.opens('/admin/limits');
  await lead.page.getByRole('link', { name: '限额改动申请' }).click();
  await lead.look('limits-to-approve');
  await lead.button('批准并生效').click();
  await lead.page.getByText('已生效，所有服务器立即照办').waitFor();
  await lead.opens(message);
  await lead.look('message-to-approve');
  await lead.button('批准并生效').click();
  await lead.page.getByText('已生效，对之后发生的事用新模板').waitFor();
  await lead.opens('/admin/limits');
  await lead.page.getByText('第 1 版').first().waitFor();
  await lead.look('limits-in-force');
  await lead.close();

  await administrator.opens(limits);
  await administrator.page.getByText('生效').first().waitFor();
  await administrator.opens('/admin/limits');
  await administrator.page.getByText('加入黑名单').first().click();
  await administrator.page.getByLabel('拦谁').selectOption('phone');
  await administrator.page.getByLabel('支付单号、卡号、手机号或 openid').fill('13900001111');
  await administrator.page.getByLabel('原因').fill('反复下单不付');
  await administrator.page.getByRole('button', { name: '加入黑名单' }).click();
  await administrator.page.getByText('139****1111 已加入黑名单').waitFor();
  await administrator.look('blocklist');
  await administrator.page.getByRole('link', { name: /139\*\*\*\*1111/ }).click();
  await administrator.look('blocklist-entry');
  await administrator.opens('/admin/hospital');
  await administrator.page.getByLabel('编码').fill('east');
  await administrator.page.getByLabel('中文名称').first().fill('东院区');
  await administrator.page.getByLabel('英文名称').first().fill('East campus');
  await administrator.button('新增院区').click();
  await administrator.page.getByText('东院区 已保存').waitFor();
  await administrator.look('campus');
  await administrator.close();
});
