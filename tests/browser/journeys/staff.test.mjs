// People of the hospital at their screens: they sign in, go where they may, and find nothing that they may not.

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

test('everybody signs in by keyboard, and every place of theirs can be used by everybody', async () => {
  for (const { staff_no: staffNo, role } of running.staff) {
    const computer = await desk(browser, running);
    await computer.signsIn(staffNo);
    const places = await computer.places();
    for (const place of [...places, '/me', '/admin/staff/roles']) {
      await computer.opens(place);
      await computer.page.locator('h1').waitFor();
      await computer.look(`${role}${place.replaceAll('/', '-')}`);
    }
    await computer.button('退出登录').click();
    await computer.heading('登录');
    await computer.close();
  }
});

test('the door can be used by everybody, and says what was wrong', async () => {
  const computer = await desk(browser, running, { allow: [/status of 403/] });
  await computer.opens('/sign-in');
  await computer.look('sign-in');
  await computer.page.getByLabel('工号').fill('0201');
  await computer.page.getByLabel('密码').fill('not the password');
  await computer.button('下一步').click();
  await computer.page.getByText('工号或密码不对').waitFor();
  await computer.look('sign-in-wrong');
  await computer.page.getByLabel('工号').fill('0501');
  await computer.page.getByLabel('密码').fill(running.staff_password);
  await computer.button('下一步').click();
  await computer.heading('输入动态验证码');
  await computer.look('sign-in-code');
  await computer.close();
});

test('without script everything is still there', async () => {
  const computer = await desk(browser, running, { script: false });
  await computer.signsIn('0901');
  await computer.opens('/admin/staff/new');
  await computer.page.getByLabel('工号').fill('0207');
  await computer.page.getByLabel('姓名').fill('徐丽');
  await computer.page.getByLabel('收费员', { exact: true }).check();
  await computer.button('新增并生成口令').click();
  await computer.page.getByText('只显示这一次').waitFor();
  await computer.close();
});

test('an administrator makes a key and an account, and the auditor reads of it and can change nothing', async () => {
  const administrator = await desk(browser, running);
  await administrator.signsIn('0901');
  await administrator.opens('/admin/keys');
  await administrator.page.getByLabel('用途').fill('自助机 B 区');
  await administrator.page.getByLabel('生成、作废缴费码').check();
  await administrator.button('新建密钥').click();
  await administrator.page.getByText('新密钥只显示这一次').waitFor();
  await administrator.look('administrator-key-made');
  await administrator.opens('/admin/staff/0201');
  await administrator.look('administrator-person');
  await administrator.close();

  const auditor = await desk(browser, running);
  await auditor.signsIn('0601');
  await auditor.opens('/audit?kind=settings');
  await auditor.page.getByText('新建接口密钥').waitFor();
  await auditor.button('立即校验').click();
  await auditor.page.getByText('校验完成，链条完整').waitFor();
  await auditor.look('auditor-verified');
  for (const place of ['/admin/keys', '/admin/staff', '/admin/parked', '/admin/accounts']) {
    await auditor.opens(place);
    const buttons = await auditor.page.locator('main button').allTextContents();
    assert.deepEqual(buttons, [], `the auditor finds a button on ${place}`);
  }
  await auditor.close();
});

test('the keyboard walks rows, finds the search box and leaves', async () => {
  const computer = await desk(browser, running);
  await computer.signsIn('0901');
  await computer.opens('/admin/staff');
  await computer.page.keyboard.press('j');
  await computer.page.keyboard.press('j');
  await computer.page.keyboard.press('Enter');
  await computer.page.waitForURL(/\/admin\/staff\/\d+$/);
  await computer.page.keyboard.press('Escape');
  await computer.page.waitForURL(/\/admin\/staff$/);
  await computer.close();
});
