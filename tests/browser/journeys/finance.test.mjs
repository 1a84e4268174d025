// An accountant's morning: a red day is worked down to zero and signed, by keyboard alone, on a hospital that has lived for some days.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { desk } from '../support/desk.mjs';
import { demo as startDemo } from '../support/demo.mjs';
import { launch } from '../support/phone.mjs';

// What an accountant would try first, of what the page offers for a difference.
const REMEDIES = ['立即回写', '标为外部', '挂账', '核销', '结转'];

let browser;
let running;

before(async () => {
  [browser, running] = await Promise.all([launch(), startDemo({ more: ['--history', '3'] })]);
});

after(async () => {
  await browser?.close();
  await running?.stop();
});

/** Goes to it as a keyboard does, and presses Enter: nothing here is clicked. */
async function presses(person, what) {
  await what.first().waitFor();
  await what.first().focus();
  await person.page.keyboard.press('Enter');
}

/** Looks at a page that comes again and again the first time only. */
const seen = new Set();
async function looksOnce(person, name) {
  if (seen.has(name)) return;
  seen.add(name);
  await person.look(name);
}

/** The day of the calendar with the fewest open differences, its address. */
async function reddish(page) {
  const cells = await page.locator('table a[href^="/finance/days/"]').evaluateAll((links) => links
    .filter((link) => link.closest('tr') === link.closest('tbody').querySelector('tr'))
    .map((link) => ({ href: link.getAttribute('href'), number: Number(/\d+\s*$/.exec(link.innerText.trim())?.[0] ?? 0) })));
  const red = cells.filter(({ number }) => number > 0).sort((one, other) => one.number - other.number);
  assert.ok(red.length > 0, `no red day among ${JSON.stringify(cells)}`);
  return red[0].href;
}

/** Works one difference off: the first remedy that decides it and that the facts allow. */
async function settles(accountant, lead, address) {
  const dialog = accountant.page.getByRole('dialog');
  await accountant.opens(address);
  const offered = await accountant.page.locator('.rems li:has(a)').evaluateAll((items) => items.map((item) => ({
    name: item.querySelector('b').innerText, href: item.querySelector('a').getAttribute('href'),
  })));
  const tried = REMEDIES.flatMap((name) => offered.filter((remedy) => remedy.name.includes(name)));
  let allowed = false;
  for (const remedy of tried) {
    await accountant.opens(address);
    await presses(accountant, accountant.page.locator(`.rems a[href="${remedy.href}"]`));
    await accountant.page.waitForURL(`**${remedy.href}`);
    allowed = await dialog.count() > 0;
    if (allowed) break;
    // The facts are looked up again, and forbid it: the page says why, and nothing was done.
    await accountant.heading('没有执行');
  }
  assert.ok(allowed, `nothing settles ${address}: ${JSON.stringify(offered)}`);
  await looksOnce(accountant, 'finance-preview');
  await accountant.page.locator('#reason').focus();
  await accountant.page.keyboard.type('已与对方核实');
  await presses(accountant, dialog.getByRole('button'));
  await dialog.waitFor({ state: 'detached' });
  await looksOnce(accountant, 'finance-difference-done');

  await lead.opens('/approvals');
  const waiting = lead.page.locator('main tbody').getByRole('link', { name: '查看' });
  while (await waiting.count() > 0) {
    await looksOnce(lead, 'finance-approvals');
    const own = await waiting.count();
    await presses(lead, waiting);
    await lead.page.getByRole('dialog').waitFor();
    await looksOnce(lead, 'finance-approve');
    await presses(lead, lead.page.getByRole('dialog').getByRole('button').last());
    await lead.page.getByRole('dialog').waitFor({ state: 'detached' });
    await lead.opens('/approvals');
    assert.ok(await waiting.count() < own, 'what was approved does not wait any longer');
  }
}

test('a red day is worked down to zero and signed off', async () => {
  // What the facts forbid is answered with 409, which Chromium notes.
  const accountant = await desk(browser, running, { allow: [/status of 409/] });
  await accountant.signsIn('0301');
  await accountant.opens('/finance');
  await accountant.heading(/^昨天/);
  await accountant.look('finance-home');
  const day = await reddish(accountant.page);

  const lead = await desk(browser, running);
  await lead.signsIn('0501');
  await lead.opens(day);
  await lead.look('finance-day-red');
  const sign = lead.page.getByRole('button', { name: /^签结/ });
  assert.ok(await sign.isDisabled(), 'a red day cannot be signed');

  const list = `/differences?day=${day.split('/').pop()}`;
  for (let rounds = 0; ; rounds += 1) {
    assert.ok(rounds < 40, 'the day does not get any better');
    await accountant.opens(list);
    const first = accountant.page.locator('main tbody a[href*="/differences/"]').first();
    if (await first.count() === 0) break;
    if (rounds === 0) await accountant.look('finance-differences');
    const address = await first.getAttribute('href');
    if (rounds === 0) {
      await accountant.opens(address);
      await accountant.look('finance-difference');
    }
    await settles(accountant, lead, address);
  }
  await accountant.opens(day);
  await accountant.look('finance-day-done');
  assert.equal(await accountant.page.getByRole('link', { name: /^签结/ }).count(), 0, 'an accountant does not sign');

  await lead.opens(day);
  await presses(lead, lead.page.getByRole('link', { name: /^签结/ }));
  await lead.page.getByRole('dialog').waitFor();
  await lead.look('finance-sign');
  await presses(lead, lead.page.getByRole('dialog').getByRole('button', { name: /签结/ }));
  await lead.page.getByText('已签结').first().waitFor();
  await lead.look('finance-day-signed');
  await lead.close();
  await accountant.close();
});

test('the dashboard and the settlement of a hospital with a history', async () => {
  const person = await desk(browser, running);
  await person.signsIn('0301');
  for (const [path, name] of [['/dashboard', 'dashboard'], ['/settlement', 'finance-settlement']]) {
    await person.opens(path);
    await person.look(name);
  }
  await person.close();
});
